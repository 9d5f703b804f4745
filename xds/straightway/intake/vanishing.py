"""Objects that vanish at once are held for a while: that is rarely intended.

An unmounted volume or a folder replaced by an empty one looks like the removal of everything. So if
a step leaves nothing in force, or no object of a role that serving depends on, what it removed is
held for the grace time. Objects that come back meanwhile were never gone.

The rule requires at least two objects: deleting the only VirtualService is intended.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from heapq import nsmallest
from typing import Final

from straightway.documents import Problem, Reference
from straightway.intake.codes import IntakeCode

_ISTIO: Final = "networking.istio.io"
_ROLES: Final = {
    (_ISTIO, "Gateway"): "Gateway",
    (_ISTIO, "VirtualService"): "VirtualService",
    (_ISTIO, "DestinationRule"): "DestinationRule",
    ("", "Service"): "Service or ServiceEntry",
    (_ISTIO, "ServiceEntry"): "Service or ServiceEntry",
    (_ISTIO, "WorkloadEntry"): "WorkloadEntry, Pod or EndpointSlice",
    ("", "Pod"): "WorkloadEntry, Pod or EndpointSlice",
    ("discovery.k8s.io", "EndpointSlice"): "WorkloadEntry, Pod or EndpointSlice",
}
"""Kind → what it is needed for, named by the kinds that serve it: one may replace the other."""

_LEAST = 2
_MOST_NAMES = 5


def utc_now() -> datetime:
    """Return the time of day."""
    return datetime.now(UTC)


@dataclass(slots=True, eq=False)
class _Step:
    """Objects that vanished at once and are held until ``until``."""

    until: float
    waiting: dict[Reference, None]
    problem: Problem


class Vanishing:
    """Counts the objects in force, and holds those that vanished at once.

    ``grace`` is in seconds; 0 holds nothing. ``clock`` gives the time of day, for messages only.
    """

    def __init__(self, grace: float, clock: Callable[[], datetime] = utc_now) -> None:
        self._grace = grace
        self._clock = clock
        self._standing: Counter[str] = Counter()
        self._total = 0
        self._steps: list[_Step] = []
        self._held: dict[Reference, _Step] = {}

    # --- What is in force, held objects apart ---

    def came(self, reference: Reference) -> None:
        """Record an object that comes into force, or returns while held."""
        self._count(reference, 1)
        if (step := self._held.pop(reference, None)) is not None:
            step.waiting.pop(reference, None)
            self._steps = [each for each in self._steps if each.waiting]

    def went(self, reference: Reference) -> None:
        """Record that an object vanished."""
        self._count(reference, -1)

    def _count(self, reference: Reference, by: int) -> None:
        self._total += by
        if role := _ROLES.get(reference[:2]):
            self._standing[role] += by

    # --- What is held ---

    def __contains__(self, reference: Reference) -> bool:
        return reference in self._held

    @property
    def due(self) -> float | None:
        """When the first of the held objects are released; None while nothing is held."""
        return min((step.until for step in self._steps), default=None)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """One problem for each held step."""
        return tuple(step.problem for step in self._steps)

    def hold(self, gone: Collection[Reference], now: float, origin: str) -> bool:
        """Hold what vanished in one step if that is suspicious, and return whether it is.

        ``gone`` has been subtracted from the count. ``origin`` is the place of some of it.
        """
        lost = self._lost(gone) if self._grace > 0 else ""
        if not lost:
            return False
        until = self._clock() + timedelta(seconds=self._grace)
        step = _Step(now + self._grace, dict.fromkeys(gone), _problem(gone, lost, until, origin))
        self._steps.append(step)
        self._held.update(dict.fromkeys(gone, step))
        return True

    def expired(self, now: float) -> list[Reference]:
        """Return what has been held long enough, and stop holding it."""
        over = [step for step in self._steps if step.until <= now]
        self._steps = [step for step in self._steps if step.until > now]
        expired = [reference for step in over for reference in step.waiting]
        for reference in expired:
            del self._held[reference]
        return expired

    def _lost(self, gone: Collection[Reference]) -> str:
        """Return what there is none of any more, if that is suspicious."""
        if self._total == 0 and gone and len(gone) + len(self._held) >= _LEAST:
            return "object"
        roles = Counter(_ROLES[reference[:2]] for reference in gone if reference[:2] in _ROLES)
        lost = (
            role for role, number in roles.items() if number >= _LEAST and not self._standing[role]
        )
        return ", no ".join(sorted(lost))


def _problem(gone: Collection[Reference], lost: str, until: datetime, origin: str) -> Problem:
    names = ", ".join(map(str, nsmallest(_MOST_NAMES, gone)))
    more = f" and {len(gone) - _MOST_NAMES} more" if len(gone) > _MOST_NAMES else ""
    return Problem(
        origin=origin,
        code=IntakeCode.VANISHED_AT_ONCE,
        severity=IntakeCode.VANISHED_AT_ONCE.severity,
        message=(
            f"{len(gone)} objects vanished at once, which leaves no {lost}: "
            f"{names}{more}. They stay in force until {until:%Y-%m-%dT%H:%M:%SZ} in case this "
            "was not intended, as with an unmounted volume: put them back, or wait."
        ),
    )
