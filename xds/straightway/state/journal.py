r"""The journal: one file of encoded versions, appended to and rewritten when half of it is stale.

    straightway last-good 1
    CRC32 of the rest, 8 hexadecimal digits \t its name \t the object, or nothing where it is gone

Name and object are JSON, which holds neither tabs nor line breaks as such. The name is
``[source, bundle, ordinal, group, kind, namespace, name]``; of two lines with one name the later
holds. A line that was half-written when the machine stopped has a wrong checksum, and is left out.

Appending is not synced: a crash of ours loses nothing, one of the machine at most the last lines.
Rewriting is: the new file is complete on disk before it takes the name.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from pydantic_core import PydanticSerializationError, from_json, to_json

from straightway.documents import Reference
from straightway.intake import Place, Slot
from straightway.intake.last_good import Body, Record

_HEADER = b"straightway last-good 1\n"
_CHECKSUM = 8
_SLACK = 2**20
_CHUNK = 2**20


class JournalError(Exception):
    """The file holds something else than a journal of this version. The message says what."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a journal may hold of what stands: objects, and bytes of them."""

    objects: int = 200_000
    size: int = 256 * 2**20


class Journal:
    """A journal file. It blocks, and raises OSError where the disk does."""

    def __init__(self, path: Path, limits: Limits | None = None) -> None:
        self._path = path
        self._limits = limits or Limits()
        # Name → hash of the version that the file holds under it, and the length of its line.
        self._written: dict[tuple[Place, Slot], tuple[int, int]] = {}
        self._live = 0
        self._size = 0
        self._is_clean = False
        self.left_out = 0
        """How many versions were not written, being too much or no JSON."""

    def load(self) -> dict[Place, dict[Slot, bytes]]:
        """Return what the file holds. Raises JournalError, and OSError unless there is no file."""
        self._forget()
        try:
            with self._path.open("rb") as file:
                size = os.fstat(file.fileno()).st_size
                if size > 2 * self._limits.size + _SLACK:
                    raise JournalError(f"it is {size} bytes large")
                content = file.read()
        except FileNotFoundError:
            return {}
        if not content.startswith(_HEADER):
            raise JournalError("it is of another version, or no journal")
        *lines, torn = content[len(_HEADER) :].split(b"\n")
        self._is_clean = not torn
        self._size = len(content)
        stored: dict[Place, dict[Slot, bytes]] = {}
        for line in lines:
            record = _decoded(line)
            if record is None:
                self._is_clean = False
                continue
            place, slot, encoded = record
            versions = stored.setdefault(place, {})
            versions.pop(slot, None)
            if encoded:
                versions[slot] = encoded
            self._remember((place, slot), encoded, len(line) + 1)
        return stored

    def append(self, records: Iterable[Record]) -> None:
        """Write down what differs from what the file holds, which must be there."""
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
        """Write a new file with these records alone, and put it in place of the old one."""
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
        """Take note that what the file holds is not known any more."""
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
        for place, slot, body in records:
            encoded = self._encoded(body)
            known = self._written.get((place, slot))
            if known and encoded and known[0] == hash(encoded):
                continue
            line = _line(place, slot, encoded)
            if encoded and not self._fits(known, len(line)):
                self.left_out += 1
                encoded, line = b"", _line(place, slot, b"")
            if encoded or known:
                self._remember((place, slot), encoded, len(line))
                yield line

    def _encoded(self, body: Body | bytes | None) -> bytes:
        """Return what to write; nothing for what is gone or is no JSON."""
        if body is None:
            return b""
        try:
            return body if isinstance(body, bytes) else to_json(body)
        except (PydanticSerializationError, ValueError, RecursionError):
            self.left_out += 1
            return b""

    def _fits(self, known: tuple[int, int] | None, length: int) -> bool:
        others = len(self._written) - (known is not None)
        size = self._live - (known[1] if known else 0) + length
        return others < self._limits.objects and size <= self._limits.size

    def _remember(self, name: tuple[Place, Slot], encoded: bytes, length: int) -> None:
        self._live -= self._written.pop(name, (0, 0))[1]
        if encoded:
            self._written[name] = (hash(encoded), length)
            self._live += length

    def _forget(self) -> None:
        self._written.clear()
        self._live = self._size = 0
        self._is_clean = False


def _decoded(line: bytes) -> tuple[Place, Slot, bytes] | None:
    """Return the name and the encoded object of a line, None if it is damaged."""
    checksum, tab, content = line.partition(b"\t")
    try:
        if not tab or len(checksum) != _CHECKSUM or int(checksum, 16) != zlib.crc32(content):
            return None
        name, _, encoded = content.partition(b"\t")
        source, key, ordinal, group, kind, namespace, own_name = from_json(name)
        slot = Slot(Reference(group, kind, namespace, own_name), ordinal)
        return Place(source, key), slot, encoded
    except (ValueError, TypeError):
        return None


def _line(place: Place, slot: Slot, encoded: bytes) -> bytes:
    name = to_json([*place, slot.ordinal, *slot.reference])
    content = b"%s\t%s" % (name, encoded)
    return b"%08x\t%s\n" % (zlib.crc32(content), content)
