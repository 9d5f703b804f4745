"""A volume as Kubernetes mounts it: links into a folder that is exchanged as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from pathlib import Path

_numbers = count(1)


class MountedVolume:
    """The files of a Secret, a ConfigMap or a projected token."""

    def __init__(self, folder: Path, files: Mapping[str, bytes]) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        self.put(files)

    def __truediv__(self, name: str) -> Path:
        return self.folder / name

    def put(self, files: Mapping[str, bytes]) -> None:
        """Exchange all files at once."""
        content = self.folder / f"..{next(_numbers)}"
        content.mkdir()
        for name, data in files.items():
            (content / name).write_bytes(data)
        link = self.folder / "..data_tmp"
        link.symlink_to(content.name)
        link.rename(self.folder / "..data")
        for name in files:
            if not (self.folder / name).is_symlink():
                (self.folder / name).symlink_to(f"..data/{name}")
