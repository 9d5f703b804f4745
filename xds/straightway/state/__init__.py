"""The state folder: what a restart needs of the run before, on disk.

``journal`` is the file of last good versions, ``folder`` keeps it true to a
:class:`~straightway.intake.LastGood` while the server runs. What goes wrong with a disk is a
warning and no more: nothing here raises, and serving does not depend on it.
"""

from straightway.state.folder import StateFolder, default_root, folder_for

__all__ = ["StateFolder", "default_root", "folder_for"]
