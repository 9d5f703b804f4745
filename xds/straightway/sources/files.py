"""The config files of a folder: which there are, and what one of them holds.

Config files are ``*.yaml``, ``*.yml`` and ``*.json``, in the folder and in all folders below it.
Names that begin with a dot are passed over, files and folders alike: editors' leftovers (``.#x``,
``.x.swp``), ``.git``, and the ``..data`` of a mounted ConfigMap, whose files are read under their
visible names (``x.yaml -> ..data/x.yaml``). Other leftovers (``x.yaml~``, ``4913``) are no such
files.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from straightway.documents import Bundle, Problem, Severity
from straightway.sources.yaml_documents import Reading, read_documents

SUFFIXES = (".yaml", ".yml", ".json")

MAX_FILE_SIZE = 64 * 2**20
"""The largest file that is read, in bytes."""

# The kernel keeps modification times in ticks of up to 10 ms: a file that was changed this shortly
# before it was looked at may change again and keep its time.
_SETTLED_AFTER_NS = 50_000_000


class ConfigFolderError(Exception):
    """The config folder cannot be read at all. The message is one line for its user."""


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """A config file that is there.

    ``key`` is its path in the folder. Two equal ``signature``s mean an unchanged file; None equals
    no other. ``linked`` says that a symbolic link leads to it.
    """

    key: str
    path: str
    signature: tuple[int, ...] | None
    linked: bool


@dataclass(frozen=True, slots=True)
class Listing:
    """All config files of a folder by key, in order, and the folders below that cannot be read."""

    files: dict[str, ConfigFile]
    unreadable: dict[str, str]


def check_folder(folder: Path) -> None:
    """Raise ConfigFolderError unless ``folder`` is a folder that can be listed."""
    try:
        os.scandir(folder).close()
    except FileNotFoundError:
        raise ConfigFolderError(f"The config folder {folder} does not exist.") from None
    except NotADirectoryError:
        raise ConfigFolderError(f"The config folder {folder} is not a folder.") from None
    except OSError as error:
        reason = error.strerror
        raise ConfigFolderError(f"The config folder {folder} cannot be read: {reason}.") from None


def list_files(folder: Path) -> Listing:
    """List the config files. Raises OSError if the folder itself cannot be listed."""
    unreadable: dict[str, str] = {}
    files = list(_walk(folder, "", linked=False, parents=(), unreadable=unreadable))
    files.sort(key=lambda file: file.key)
    return Listing({file.key: file for file in files}, unreadable)


def find_file(folder: Path, key: str) -> ConfigFile | None:
    """Look for one config file."""
    path = folder / key
    return _examine(key, path, linked=path.resolve() != folder.resolve() / key)


def read_file(file: ConfigFile, before: Reading | None = None) -> Reading | None:
    """Read a file, using what ``before`` has of it already; None if it is gone.

    What keeps the file from being read is a problem of the bundle, which is then not complete.
    """
    try:
        path = Path(file.path)
        if path.stat().st_size > MAX_FILE_SIZE:
            size = f"{MAX_FILE_SIZE // 2**20} MiB"
            return _unread(file, "file-too-large", f"The file is larger than {size}: split it.")
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        return _unread(file, "unreadable-file", f"The file cannot be read: {error.strerror}.")
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        message = f"The byte 0x{content[error.start]:02X} is not UTF-8: save the file as UTF-8."
        line = content.count(b"\n", 0, error.start) + 1
        return _unread(file, "not-utf-8", message, line)
    return read_documents(file.key, file.path, text, before)


def identity(folder: Path) -> tuple[int, int]:
    """Return what tells a folder from any other that may take its name. Raises OSError."""
    status = folder.stat()
    return status.st_dev, status.st_ino


def _walk(
    folder: Path,
    prefix: str,
    *,
    linked: bool,
    parents: tuple[tuple[int, int], ...],
    unreadable: dict[str, str],
) -> Iterator[ConfigFile]:
    inside = (*parents, identity(folder))
    with os.scandir(folder) as entries:
        visible = [entry for entry in entries if not entry.name.startswith(".")]
    for entry in visible:
        # A name that is not UTF-8 is shown with replacement characters.
        key = prefix + os.fsencode(entry.name).decode(errors="replace")
        through_link = linked or entry.is_symlink()
        try:
            # A link to a folder that it stands in would have no end.
            if entry.is_dir():
                if not through_link or identity(folder / entry.name) not in inside:
                    yield from _walk(
                        folder / entry.name,
                        f"{key}/",
                        linked=through_link,
                        parents=inside,
                        unreadable=unreadable,
                    )
            elif entry.name.endswith(SUFFIXES) and (
                file := _examine(key, entry, linked=through_link)
            ):
                yield file
        except FileNotFoundError:
            continue
        except OSError as error:
            unreadable[key] = str(error.strerror)


def _examine(key: str, file: Path | os.DirEntry[str], *, linked: bool) -> ConfigFile | None:
    path: str = os.fspath(file)
    try:
        status = file.stat()
    except FileNotFoundError:
        return None
    except OSError:
        # Reading it will say what is wrong.
        return ConfigFile(key, path, None, linked)
    if not stat.S_ISREG(status.st_mode):
        return None
    signature = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
    settled = time.time_ns() - status.st_mtime_ns > _SETTLED_AFTER_NS
    return ConfigFile(key, path, signature if settled else None, linked)


def _unread(file: ConfigFile, code: str, message: str, line: int = 1) -> Reading:
    problem = Problem(f"{file.path}:{line}", code, Severity.ERROR, message)
    return Reading(file.path, Bundle(file.key, (), (problem,), complete=False))
