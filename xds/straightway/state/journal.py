r"""The journal: one file of encoded versions, appended to, and rewritten when half of it is stale.

    straightway last-good 1
    CRC32 of the rest, 8 hexadecimal digits \t its name \t its versions, or nothing if it has none

There is one line per bundle; of two for the same bundle the later one wins. Its name is ``[source,
key]`` and its versions are as described in :mod:`straightway.intake.last_good`, both in JSON, which
contains no raw tabs or line breaks. A line that was half-written when the machine stopped has a
wrong checksum, and is ignored.

Appends are not synced: if the process crashes nothing is lost, if the machine does, at most the
last lines. Rewrites are synced: the new file is complete on disk before it takes the name.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path

from pydantic_core import PydanticSerializationError, from_json, to_json

from straightway.intake import Place, Slot
from straightway.intake.last_good import Body, Record

MAX_SIZE = 256 * 2**20
"""How many bytes of current versions a journal may hold."""

_HEADER = b"straightway last-good 1\n"
_CHECKSUM = 8
_SLACK = 2**20
_CHUNK = 2**20


class JournalError(Exception):
    """The file is not a journal of this version. The message says what it is."""


class Journal:
    """A journal file. It blocks, and raises OSError on disk errors."""

    def __init__(self, path: Path, max_size: int = MAX_SIZE) -> None:
        self._path = path
        self._max_size = max_size
        # What the file holds for each bundle: the hash of its versions, the length of its line.
        self._written: dict[Place, tuple[int, int]] = {}
        self._live = 0
        self._size = 0
        self._is_clean = False
        self.left_out = 0
        """How many versions, or whole bundles, were not written: too large or not plain data."""

    def load(self) -> dict[Place, bytes]:
        """Return the contents; none without a file. Raises JournalError and OSError."""
        self._forget()
        try:
            with self._path.open("rb") as file:
                size = os.fstat(file.fileno()).st_size
                if size > 2 * (self._max_size + _SLACK):
                    raise JournalError(f"it is {size} bytes large")
                content = file.read()
        except FileNotFoundError:
            return {}
        if not content.startswith(_HEADER):
            raise JournalError("it has another version or is not a journal")
        *lines, torn = content[len(_HEADER) :].split(b"\n")
        self._is_clean = not torn
        self._size = len(content)
        stored: dict[Place, bytes] = {}
        for line in lines:
            record = _decoded(line)
            if record is None:
                self._is_clean = False
                continue
            place, encoded = record
            stored.pop(place, None)
            if encoded:
                stored[place] = encoded
            self._remember(place, encoded, len(line) + 1)
        return stored

    def append(self, records: Iterable[Record]) -> None:
        """Append what differs from the contents of the file, which must exist."""
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND)
        try:
            self._write(descriptor, self._lines(records))
        finally:
            os.close(descriptor)

    @property
    def wants_rewriting(self) -> bool:
        """Whether :meth:`rewrite` is due: more than half of the file is stale, or it is damaged."""
        return not self._is_clean or self._size > 2 * self._live + _SLACK

    def rewrite(self, records: Iterable[Record]) -> None:
        """Write a new file with only these records, and replace the old one."""
        self._forget()
        beside = self._path.with_suffix(".tmp")
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            self._write(descriptor, chain([_HEADER], self._lines(records)))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        beside.replace(self._path)
        self._is_clean = True

    def spoil(self) -> None:
        """Mark the contents of the file as unknown."""
        self._is_clean = False

    def _write(self, descriptor: int, lines: Iterable[bytes]) -> None:
        waiting = bytearray()
        for line in chain(lines, [b""]):
            waiting += line
            if len(waiting) > _CHUNK or not line:
                self._size += len(waiting)
                while waiting:
                    del waiting[: os.write(descriptor, waiting)]

    def _lines(self, records: Iterable[Record]) -> Iterator[bytes]:
        for place, versions in records:
            encoded, lost = (versions, 0) if isinstance(versions, bytes) else encode(versions)
            self.left_out += lost
            known = self._written.get(place)
            if known and encoded and known[0] == hash(encoded):
                continue
            line = _line(place, encoded)
            if encoded and self._live - (known[1] if known else 0) + len(line) > self._max_size:
                self.left_out += 1
                encoded, line = b"", _line(place, b"")
            if encoded or known:
                self._remember(place, encoded, len(line))
                yield line

    def _remember(self, place: Place, encoded: bytes, length: int) -> None:
        self._live -= self._written.pop(place, (0, 0))[1]
        if encoded:
            self._written[place] = (hash(encoded), length)
            self._live += length

    def _forget(self) -> None:
        self._written.clear()
        self._live = self._size = 0
        self._is_clean = False


def encode(versions: Iterable[tuple[Slot, Body]]) -> tuple[bytes, int]:
    """Return versions in the journal's encoding, and how many could not be encoded.

    They are encoded one by one, because each call blocks all other threads.
    """
    items, lost = [], 0
    for slot, body in versions:
        try:
            items.append(to_json([slot.ordinal, *slot.reference, body]))
        except (PydanticSerializationError, ValueError, RecursionError):
            lost += 1
    return b"[%s]" % b",".join(items) if items else b"", lost


def _decoded(line: bytes) -> tuple[Place, bytes] | None:
    """Return the name and the encoded versions of a line, or None if it is damaged."""
    checksum, tab, content = line.partition(b"\t")
    try:
        if not tab or len(checksum) != _CHECKSUM or int(checksum, 16) != zlib.crc32(content):
            return None
        name, _, encoded = content.partition(b"\t")
        source, key = from_json(name)
        return Place(source, key), encoded
    except (ValueError, TypeError):
        return None


def _line(place: Place, encoded: bytes) -> bytes:
    content = b"%s\t%s" % (to_json(place), encoded)
    return b"%08x\t%s\n" % (zlib.crc32(content), content)
