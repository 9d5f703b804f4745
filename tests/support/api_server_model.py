"""A model of an API server: one kind's objects with their versions and their history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count

from straightway.kubernetes.reflector import Lack

_contents = count(1)


class ExpiredError(Exception):
    """410: that version, or the rest of that list, is no longer there."""


@dataclass(frozen=True)
class Stored:
    """An object: no two contents are the same, but versions repeat in another history."""

    version: int
    content: int


@dataclass(frozen=True)
class Event:
    """A change: `stored` None is a deletion."""

    version: int
    key: str
    stored: Stored | None


@dataclass(frozen=True)
class Token:
    """What a continue token stands for."""

    version: int
    after: str


@dataclass
class ApiServerModel:
    """The server, as far as one kind goes. Versions count all that ever happens to it."""

    objects: dict[str, Stored] = field(default_factory=dict)
    version: int = 1
    compacted: int = 0
    events: list[Event] = field(default_factory=list)
    lack: Lack | None = None
    has_streams: bool = True
    is_up: bool = True
    _saved: tuple[dict[str, Stored], int, list[Event]] | None = None

    # What users do.

    def write(self, key: str) -> None:
        self.version += 1
        self.objects[key] = Stored(self.version, next(_contents))
        self.events.append(Event(self.version, key, self.objects[key]))

    def delete(self, key: str) -> None:
        if key in self.objects:
            self.version += 1
            del self.objects[key]
            self.events.append(Event(self.version, key, None))

    def touch_another_kind(self) -> None:
        self.version += 1

    # What operators do.

    def compact(self) -> None:
        self.compacted = self.version

    def save(self) -> None:
        self._saved = dict(self.objects), self.version, list(self.events)

    def restore(self) -> bool:
        if self._saved is None:
            return False
        objects, self.version, events = self._saved
        self.objects, self.events = dict(objects), list(events)
        self.compacted = min(self.compacted, self.version)
        return True

    def remove_kind(self) -> None:
        """Delete the CRD, which deletes its objects first."""
        for key in list(self.objects):
            self.delete(key)
        self.lack = Lack.UNKNOWN_KIND

    # What clients ask.

    def at(self, version: int) -> dict[str, Stored]:
        """Return all objects as they were. Raises ExpiredError."""
        if version < self.compacted or version > self.version:
            raise ExpiredError
        objects = dict(self.objects)
        for event in reversed(self.events):
            if event.version > version:
                objects.pop(event.key, None)
        for event in self.events:
            if event.version <= version and event.stored is None:
                objects.pop(event.key, None)
            elif event.version <= version and event.stored is not None:
                objects[event.key] = event.stored
        return objects

    def since(self, version: int) -> Sequence[Event]:
        """Return what happened after a version; nothing after one of the future. Raises too."""
        if version < self.compacted:
            raise ExpiredError
        return [event for event in self.events if event.version > version]

    def page(
        self, token: Token | None, size: int
    ) -> tuple[list[tuple[str, Stored]], int, Token | None]:
        """Return the objects of a page, the list's version and the next token. Raises too."""
        version = token.version if token else self.version
        rest = sorted(
            (key, stored)
            for key, stored in self.at(version).items()
            if token is None or key > token.after
        )
        more = Token(version, rest[size - 1][0]) if len(rest) > size else None
        return rest[:size], version, more
