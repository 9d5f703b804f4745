"""Sources: where config comes from. Files and objects of a cluster in, documents out.

The first stage of the data flow; the next is :mod:`straightway.api`. A source does I/O only: it
must not know what a document means. It emits a series of :class:`Update`; each holds whole bundles,
in order, and says whether the source's first full listing is complete.
"""

from straightway.sources.files import ConfigFolderError
from straightway.sources.folder import FolderSource
from straightway.sources.folder_reader import read_path
from straightway.sources.update import Update

__all__ = ["ConfigFolderError", "FolderSource", "Update", "read_path"]
