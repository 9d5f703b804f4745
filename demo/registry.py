"""How a runtime knows who else holds a model: it reads the others' WorkloadEntry files.

These files are what the control plane goes by, so the mesh and the gateway share one truth, and no
list of peers has to be kept. They are read when a request asks for a model that is not here; a
watch would be a moment late, and asking every peer would cost each such request a round trip. A
file that has not changed since is not parsed again.
"""

from __future__ import annotations

import os
from pathlib import Path

from demo.entries import Entry, read

_Stamp = tuple[int, int, int]


class Registry:
    """The entries of the other runtimes in a folder, as they stand when asked for."""

    def __init__(self, folder: Path, own: str) -> None:
        """Read the entries in ``folder``, but for the runtime named ``own``."""
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
