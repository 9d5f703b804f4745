"""Scans a folder: reads the files that may have changed since the last scan.

It blocks: the folder source calls it in a thread.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path

from straightway.documents import Bundle, Problem, Severity
from straightway.sources.file_reader import read_file
from straightway.sources.files import (
    SUFFIXES,
    ConfigFile,
    check_folder,
    find_file,
    list_files,
)
from straightway.sources.yaml_documents import Reading

Seen = dict[str, Reading | None]
"""The readings of files by key; None if a file is gone."""


def read_path(path: Path) -> tuple[Bundle, ...]:
    """Read a file or a folder once, in the order of the paths.

    Raises ConfigFolderError if there is neither.
    """
    if os.path.isfile(path):  # noqa: PTH113 (Path.is_file raises what it is not allowed to see)
        reading = read_file(ConfigFile(path.name, str(path), None, linked=False))
        return (reading.bundle,) if reading else ()
    check_folder(path)
    reader = FolderReader(path)
    bundles = tuple(reading.bundle for reading in reader.look_everywhere({}).values() if reading)
    return (folder_bundle(reader.problems), *bundles) if reader.problems else bundles


def folder_bundle(problems: tuple[Problem, ...]) -> Bundle:
    """Return the bundle of problems of the folder itself: complete, for it holds no objects."""
    return Bundle(".", problems=problems)


class FolderReader:
    """Reads the config files of a folder, and remembers the version read of each."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[str, ConfigFile] = {}
        self._has_links = False
        self.failing: set[str] = set()
        """The files that the system did not allow to be read, which may be temporary."""
        self.problems: tuple[Problem, ...] = ()
        """The problems of subfolders at the last scan."""

    def look_everywhere(
        self, known: Mapping[str, Reading], named: AbstractSet[str] = frozenset()
    ) -> Seen:
        """Read the files that have changed since they were last read, and the named ones.

        ``known`` holds earlier readings to reuse; files that no longer exist give None. Raises
        OSError if the folder cannot be listed.
        """
        listing = list_files(self._folder)
        self._has_links = any(file.linked for file in listing.files.values())
        self.problems = tuple(
            _unreadable_folder(self._folder / key, reason)
            for key, reason in listing.unreadable.items()
        )
        seen = {
            file.key: self._read(file, known)
            for file in listing.files.values()
            if file.key in named or self._may_differ(file)
        }
        # The contents of an unreadable folder are not known to be gone.
        unknown = tuple(f"{key}/" for key in listing.unreadable)
        for key in (known.keys() | self._files.keys() | named) - listing.files.keys():
            if not key.startswith(unknown):
                self._forget(key)
                seen[key] = None
        return seen

    def look_at(self, keys: AbstractSet[str], known: Mapping[str, Reading]) -> Seen:
        """Read these files, changed or not. Raises OSError as :meth:`look_everywhere` does."""
        found = {key: find_file(self._folder, key) for key in keys}
        if any(file is not None and file.linked for file in found.values()):
            # The listing decides which links are followed.
            return self.look_everywhere(known, keys)
        seen: Seen = {}
        for key, file in found.items():
            if file is None:
                self._forget(key)
            seen[key] = self._read(file, known) if file is not None else None
        return seen

    def files_of(self, paths: Iterable[str]) -> set[str] | None:
        """Return the config files (by key) that changes of these paths may touch.

        None means any: there are links, whose targets may be anything, or a name that is listed in
        another form.
        """
        if self._has_links:
            return None
        keys, within = set(), f"{self._folder}/"
        for changed in paths:
            key = changed.removeprefix(within)
            if key == changed or not _is_utf8(key):
                return None
            if key.endswith(SUFFIXES) and not f"/{key}".count("/."):
                keys.add(key)
        return keys

    def _may_differ(self, file: ConfigFile) -> bool:
        if file.signature is None or file.key in self.failing:
            return True
        return file != self._files.get(file.key)

    def _read(self, file: ConfigFile, known: Mapping[str, Reading]) -> Reading | None:
        reading = read_file(file, known.get(file.key))
        self._files[file.key] = file
        if reading is not None and reading.is_passing:
            self.failing.add(file.key)
        else:
            self.failing.discard(file.key)
        return reading

    def _forget(self, key: str) -> None:
        self._files.pop(key, None)
        self.failing.discard(key)


def _is_utf8(key: str) -> bool:
    """Whether a name is valid text; others are listed with replacement characters."""
    return not any("\ud800" <= character <= "\udfff" for character in key)


def _unreadable_folder(folder: Path, reason: str) -> Problem:
    return Problem(
        origin=str(folder),
        code="unreadable-folder",
        severity=Severity.ERROR,
        message=f"The folder cannot be read: {reason}. What it held stays in force.",
    )
