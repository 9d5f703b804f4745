"""Lists the config files of a folder.

Config files are ``*.yaml``, ``*.yml`` and ``*.json``, in the folder and in all folders below it.
Names that begin with a dot are ignored, files and folders alike: editors' leftovers (``.#x``,
``.x.swp``), ``.git``, and the ``..data`` of a mounted ConfigMap, whose files are read under their
visible names (``x.yaml -> ..data/x.yaml``). Other leftovers (``x.yaml~``, ``4913``) are not config
files.

Links are followed, and every folder is visited once: under its own path, or else under the first
link that leads to it. A link that leads nowhere cannot be read (a volume may be unmounted), which
is another thing than to be gone.
"""

from __future__ import annotations

import os
import stat
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

SUFFIXES = (".yaml", ".yml", ".json")

# The kernel stores modification times in ticks of up to 10 ms: a file that was changed this shortly
# before it was read may change again and keep its time.
_SETTLED_AFTER_NS = 50_000_000


class ConfigFolderError(Exception):
    """The config folder cannot be read at all. The message is one line for the user."""


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """An existing config file.

    ``key`` is its path in the folder. Equal ``signature``s mean an unchanged file; None equals no
    other. ``linked`` says that a symbolic link leads to it.
    """

    key: str
    path: str
    signature: tuple[int, ...] | None
    linked: bool


@dataclass(frozen=True, slots=True)
class Listing:
    """All config files of a folder by key, in order, and its unreadable subfolders."""

    files: dict[str, ConfigFile]
    unreadable: dict[str, str]


@dataclass(frozen=True, slots=True)
class Folder:
    """A visited folder: its path, and the prefix of the keys in it."""

    path: Path
    prefix: str
    linked: bool
    entries: list[os.DirEntry[str]]


def check_folder(folder: Path) -> None:
    """Raise ConfigFolderError unless ``folder`` is a readable folder."""
    try:
        os.scandir(folder).close()
    except FileNotFoundError:
        raise ConfigFolderError(f"The config folder {folder} does not exist.") from None
    except NotADirectoryError:
        raise ConfigFolderError(f"The config folder {folder} is not a folder.") from None
    except OSError as error:
        reason = error.strerror
        raise ConfigFolderError(f"The config folder {folder} cannot be read: {reason}.") from None


def identity(folder: Path) -> tuple[int, int]:
    """Return the identity of a folder, whatever its name. Raises OSError."""
    status = folder.stat()
    return status.st_dev, status.st_ino


def is_gone(error: OSError, path: str | Path) -> bool:
    """Whether what cannot be read is not there at all: a link that leads nowhere still is."""
    is_missing = isinstance(error, FileNotFoundError | NotADirectoryError)
    return is_missing and not os.path.islink(path)  # noqa: PTH114 (it may hold surrogates)


def reason_of(error: OSError, path: str | Path) -> str:
    """Say why something cannot be read, in the system's words where these tell enough."""
    if not isinstance(error, FileNotFoundError | NotADirectoryError):
        return str(error.strerror)
    try:
        return f"it is a link to {os.readlink(path)}, which does not exist"  # noqa: PTH115
    except OSError:
        return str(error.strerror)


def list_files(folder: Path) -> Listing:
    """List the config files. Raises OSError if the folder itself cannot be listed."""
    unreadable: dict[str, str] = {}
    files = [
        file
        for visited in visit_folders(folder, unreadable)
        for entry in visited.entries
        if (file := _config_file(entry, visited))
    ]
    files.sort(key=lambda file: file.key)
    return Listing({file.key: file for file in files}, unreadable)


def find_file(folder: Path, key: str) -> ConfigFile | None:
    """Look up one config file."""
    path = folder / key
    real = os.path.realpath
    return _examine(key, path, linked=real(path) != os.path.join(real(folder), key))  # noqa: PTH118


def visit_folders(
    root: Path, unreadable: dict[str, str], enter: Callable[[Path], None] = lambda path: None
) -> Iterator[Folder]:
    """Visit ``root`` and all folders below it; those reached only by links come last.

    ``enter`` is called before a folder is listed. Records in ``unreadable``, by key, the folders
    that cannot be entered or listed. Raises OSError if ``root`` cannot.
    """
    visited: set[tuple[int, int]] = set()
    pending, links = deque([("", root, False)]), deque[tuple[str, Path, bool]]()
    while pending or links:
        prefix, path, linked = (pending or links).popleft()
        try:
            if (found := identity(path)) in visited:
                continue
            visited.add(found)
            enter(path)
            folder = Folder(path, prefix, linked, _visible(path))
        except OSError as error:
            if not prefix:
                raise
            if not is_gone(error, path):
                unreadable[prefix.removesuffix("/")] = reason_of(error, path)
            continue
        for entry in folder.entries:
            if _is_folder(entry):
                through = links if entry.is_symlink() else pending
                below = linked or entry.is_symlink()
                through.append((f"{prefix}{_shown(entry.name)}/", path / entry.name, below))
        yield folder


def _visible(folder: Path) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        visible = [entry for entry in entries if not entry.name.startswith(".")]
    visible.sort(key=lambda entry: entry.name)
    return visible


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        if entry.is_dir():
            return True
    except OSError:
        pass  # For example, a link to itself.
    # For a link that leads nowhere, reading it will report what is wrong.
    leads_nowhere = entry.is_symlink() and not os.path.exists(entry.path)  # noqa: PTH110
    return leads_nowhere and not entry.name.endswith(SUFFIXES)


def _config_file(entry: os.DirEntry[str], folder: Folder) -> ConfigFile | None:
    if not entry.name.endswith(SUFFIXES):
        return None
    key = folder.prefix + _shown(entry.name)
    return _examine(key, entry, linked=folder.linked or entry.is_symlink())


def _shown(name: str) -> str:
    """Return a name, with replacement characters if it is not UTF-8."""
    return os.fsencode(name).decode(errors="replace")


def _examine(key: str, file: Path | os.DirEntry[str], *, linked: bool) -> ConfigFile | None:
    path: str = os.fspath(file)
    try:
        status = file.stat()
    except OSError as error:
        if is_gone(error, path):
            return None
        # Reading it will report what is wrong.
        return ConfigFile(key, path, None, linked)
    if not stat.S_ISREG(status.st_mode):
        return None
    signature = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
    settled = time.time_ns() - status.st_mtime_ns > _SETTLED_AFTER_NS
    return ConfigFile(key, path, signature if settled else None, linked)
