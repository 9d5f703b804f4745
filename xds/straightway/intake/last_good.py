"""The last good version of each object, for a restart that finds one broken.

Pure data: :mod:`straightway.state` reads it from disk and writes what changed. The versions that an
earlier run left stay encoded until their bundle needs them, which is rare: only if it holds
something broken.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

import structlog
from pydantic_core import from_json

from straightway.api import parse
from straightway.documents import Document, Origin, Reference
from straightway.intake.claims import Claim, Place, Slot

_log = structlog.get_logger()

Body: TypeAlias = Mapping[str, Any]
Record: TypeAlias = "tuple[Place, tuple[tuple[Slot, Body], ...] | bytes]"
"""The versions of a bundle: plain data (empty if there are none), or as an earlier run left them.

Encoded, they are a JSON list of ``[ordinal, group, kind, namespace, name, body]``.
"""


class StoredOrigin(Origin):
    """The origin of a version that an earlier run left: its lines are no longer known."""

    def __init__(self, key: str) -> None:
        self._key = key

    def at(self, path: tuple[str | int, ...] = ()) -> str:
        """Return the key of the bundle."""
        return f"{self._key} (as it was before the start)"


class LastGood:
    """The current good versions, by bundle and slot, and the bundles whose versions changed.

    Unless :meth:`take` is called, it costs no more than references to what is in memory.
    """

    def __init__(self, stored: Mapping[Place, bytes] | None = None) -> None:
        self._stored = dict(stored or {})
        self._bodies: dict[Place, dict[Slot, Body]] = {}
        # An ordered set: the order of a set differs from run to run.
        self._changed: dict[Place, None] = {}

    # --- For the intake ---

    def unseen(self, source: str) -> list[Place]:
        """Return the bundles of a source that an earlier run left and nothing has recalled yet."""
        return [place for place in self._stored if place.source == source]

    def recall(self, place: Place) -> bytes:
        """Return what an earlier run left of a bundle, once: then this run's count."""
        stored = self._stored.pop(place, b"")
        if stored:
            self._changed[place] = None
        return stored

    def put(self, place: Place, slot: Slot, body: Body) -> None:
        """Record a good version."""
        bodies = self._bodies.setdefault(place, {})
        if bodies.get(slot) is not body:
            bodies[slot] = body
            self._changed[place] = None

    def drop(self, place: Place, slot: Slot) -> None:
        """Record that there is no good version."""
        bodies = self._bodies.get(place, {})
        if bodies.pop(slot, None) is not None:
            self._changed[place] = None
        if not bodies:
            self._bodies.pop(place, None)

    # --- For the writer ---

    @property
    def is_changed(self) -> bool:
        """Whether :meth:`take` has anything to give."""
        return bool(self._changed)

    def take(self, most: int) -> list[Record]:
        """Return up to a number of changed bundles, each once, in no particular order."""
        changed = [self._changed.popitem()[0] for _ in range(min(most, len(self._changed)))]
        return [(place, tuple(self._bodies.get(place, {}).items())) for place in changed]

    def everything(self) -> list[Record]:
        """Return all current versions, so that nothing is left to :meth:`take`."""
        self._changed = {}
        found: list[Record] = list(self._stored.items())
        found += [(place, tuple(bodies.items())) for place, bodies in self._bodies.items()]
        return found


def restore(place: Place, stored: bytes) -> Iterator[Claim]:
    """Yield the claims of versions that an earlier run left, if they are still good."""
    try:
        items = from_json(stored) if stored else []
    except ValueError:
        _log.exception("last good versions not readable", bundle=place.key)
        return
    for item in items if isinstance(items, list) else ():
        try:
            ordinal, group, kind, namespace, name, body = item
            slot = Slot(Reference(group, kind, namespace, name), ordinal)
            document = Document(body, StoredOrigin(place.key))
            parsed = parse(document)
        except Exception:  # noqa: BLE001 (what we cannot read is not there: logged with its cause)
            _log.exception("last good version not readable", bundle=place.key)
            continue
        if parsed.object is not None and parsed.reference == slot.reference:
            yield Claim(place, slot, document, parsed)
