"""The registry: a runtime finds other holders of a model in their WorkloadEntry files.

The control plane reads the same files, so the mesh and the gateway agree, and nobody maintains a
list of peers. A runtime reads them when a request asks for a model that it does not hold: a watch
would lag behind, and asking every peer would cost such a request a round trip. Unchanged files are
not parsed again.
"""

from __future__ import annotations

import os
from pathlib import Path

from demo.entries import Entry, read

_Stamp = tuple[int, int, int]


class Registry:
    """The current entries of the other runtimes in a folder."""

    def __init__(self, folder: Path, own: str) -> None:
        """Read the entries in ``folder`` except that of the runtime ``own``."""
        self._folder = folder
        self._own = own
        self._seen: dict[str, tuple[_Stamp, Entry | None]] = {}

    def holders(self, model: str) -> list[Entry]:
        """Return the other runtimes that hold a model. Reads files: call it in a thread."""
        return [entry for entry in self._entries() if model in entry.models]

    def _entries(self) -> list[Entry]:
        seen: dict[str, tuple[_Stamp, Entry | None]] = {}
        with os.scandir(self._folder) as files:
            for file in files:
                if file.name.endswith(".yaml") and not file.name.startswith("."):
                    status = file.stat()
                    # An atomic write gives a new inode, even within one tick of the clock.
                    stamp = (status.st_ino, status.st_mtime_ns, status.st_size)
                    before = self._seen.get(file.name)
                    seen[file.name] = (
                        before if before and before[0] == stamp else (stamp, read(Path(file.path)))
                    )
        self._seen = seen
        return [entry for _, entry in seen.values() if entry and entry.name != self._own]
