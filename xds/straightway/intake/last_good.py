"""The last good version of each object, for a restart that finds one broken.

Pure data: :mod:`straightway.state` reads it from disk and writes what changed. What an earlier run
left stays encoded until somebody asks for it, which is seldom: only for a bundle that holds
something broken.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

import structlog
from pydantic_core import from_json

from straightway.api import parse
from straightway.documents import Document, Origin
from straightway.intake.claims import Claim, Place, Slot

_log = structlog.get_logger()

Body = Mapping[str, Any]
Stored = Mapping[Place, Mapping[Slot, bytes]]
"""Encoded versions (JSON) by bundle and by their slots in it."""
Record: TypeAlias = "tuple[Place, Slot, Body | bytes | None]"
"""A version to write down: plain data, or encoded by an earlier run; None where it is gone."""


class StoredOrigin(Origin):
    """The origin of a version that an earlier run left: its lines are not known any more."""

    def __init__(self, key: str) -> None:
        self._key = key

    def at(self, path: tuple[str | int, ...] = ()) -> str:
        """Return the key of the bundle."""
        return f"{self._key} (as it was before the start)"


class LastGood:
    """The good versions that stand, by bundle and slot, and which of them changed.

    Without anybody who calls :meth:`take`, it keeps references to what is in memory anyway.
    """

    def __init__(self, stored: Stored | None = None) -> None:
        self._stored = dict(stored or {})
        self._bodies: dict[Place, dict[Slot, Body]] = {}
        # In the order of the changes.
        self._changed: dict[tuple[Place, Slot], None] = {}

    # --- For the intake ---

    def unseen(self, source: str) -> list[Place]:
        """Return the bundles of a source that an earlier run left and nobody has asked for."""
        return [place for place in self._stored if place.source == source]

    def recall(self, place: Place) -> Mapping[Slot, bytes]:
        """Return what an earlier run left of a bundle, once: from then on this run's counts."""
        return self._stored.pop(place, {})

    def put(self, place: Place, slot: Slot, body: Body) -> None:
        """Note a good version."""
        bodies = self._bodies.setdefault(place, {})
        if bodies.get(slot) is not body:
            bodies[slot] = body
            self._changed[place, slot] = None

    def drop(self, place: Place, slot: Slot) -> None:
        """Note that an object is gone."""
        if bodies := self._bodies.get(place):
            bodies.pop(slot, None)
            if not bodies:
                del self._bodies[place]
        self._changed[place, slot] = None

    # --- For whoever writes it down ---

    @property
    def is_changed(self) -> bool:
        """Whether :meth:`take` has anything to give."""
        return bool(self._changed)

    def take(self) -> list[Record]:
        """Return what changed since the last call; None for what is gone."""
        changed, self._changed = self._changed, {}
        return [(place, slot, self._bodies.get(place, {}).get(slot)) for place, slot in changed]

    def everything(self) -> list[Record]:
        """Return all that stands, so that nothing is left to :meth:`take`."""
        self._changed = {}
        found: list[Record] = []
        for place, stored in self._stored.items():
            found += [(place, slot, encoded) for slot, encoded in stored.items()]
        for place, bodies in self._bodies.items():
            found += [(place, slot, body) for slot, body in bodies.items()]
        return found


def restore(place: Place, stored: Mapping[Slot, bytes]) -> Iterator[Claim]:
    """Yield the claims of versions that an earlier run left, as far as they are good today."""
    for slot, encoded in stored.items():
        try:
            body = from_json(encoded)
            document = Document(body, StoredOrigin(place.key))
            parsed = parse(document)
        except Exception:  # noqa: BLE001 (what we cannot read is not there: logged with its cause)
            _log.exception("last good version not readable", object=str(slot.reference))
            continue
        if parsed.object is not None and parsed.reference == slot.reference:
            yield Claim(place, slot, document, parsed)
