"""The state folder: what a restart needs from the previous run, on disk.

``journal`` is the file of last good versions, ``folder`` keeps it in step with a
:class:`~straightway.intake.LastGood` while the server runs. Disk errors are warnings: nothing here
raises, and serving does not depend on it.
"""

from straightway.state.folder import StateFolder, default_root, folder_for, folder_for_cluster

__all__ = ["StateFolder", "default_root", "folder_for", "folder_for_cluster"]
