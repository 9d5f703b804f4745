"""The assignments of all audiences: which audiences have which, and their current bytes."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from straightway.proxies.audience import Audience
from straightway.units import Call, NotMadeError, Units

Calls = tuple[Call, ...]


class Assignments:
    """Holds the units of assignments for the audiences that have them.

    Audiences with the same clusters share one tuple of calls, so their number only matters when
    each is updated.
    """

    def __init__(self, units: Units) -> None:
        self._units = units
        self._of: dict[Audience, Calls] = {}
        self._sharing: dict[int, set[Audience]] = {}
        self._with: dict[Call, dict[int, None]] = {}

    def of(self, audience: Audience) -> Calls:
        """Return the calls of an audience's assignments; empty if it has none yet."""
        return self._of.get(audience, ())

    def give(self, audience: Audience, calls: Calls) -> None:
        """Set an audience's assignments, and hold them."""
        before = self._of.get(audience)
        if before is calls:
            return
        sharing = self._sharing.setdefault(id(calls), set())
        if not sharing:
            for call in calls:
                # An assignment that cannot be computed yet is held too, and sent once it can.
                with suppress(NotMadeError):
                    self._units.hold(call)
                self._with.setdefault(call, {})[id(calls)] = None
        sharing.add(audience)
        self._of[audience] = calls
        if before is not None:
            self._leave(audience, before)

    def take(self, audience: Audience) -> None:
        """Release an audience's assignments."""
        calls = self._of.pop(audience, None)
        if calls is not None:
            self._leave(audience, calls)

    def audiences_with(self, call: Call) -> Iterable[Audience]:
        """Yield the audiences that have an assignment."""
        for sharing in self._with.get(call, ()):
            yield from self._sharing[sharing]

    def _leave(self, audience: Audience, calls: Calls) -> None:
        sharing = self._sharing[id(calls)]
        sharing.discard(audience)
        if sharing:
            return
        del self._sharing[id(calls)]
        for call in calls:
            of_call = self._with[call]
            del of_call[id(calls)]
            if not of_call:
                del self._with[call]
            self._units.release(call)
