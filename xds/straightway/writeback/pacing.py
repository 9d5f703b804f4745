"""When which object is written: pure, with the time passed in (seconds of a monotonic clock)."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterator
from typing import Final

from straightway.documents import Reference

FIRST_BACK_OFF: Final = 2.0
LONGEST_BACK_OFF: Final = 300.0
_FORGIVEN_AFTER: Final = 2 * LONGEST_BACK_OFF


class Waiting:
    """The objects that wait for their turn, each once, in the order in which they came.

    An object that is added again keeps its place, so none can push itself forward or others back.
    One that is being worked on (between :meth:`take` and :meth:`done`) comes again afterwards.
    """

    def __init__(self) -> None:
        self._ready: dict[Reference, None] = {}
        # Those that must wait, by time; of several entries for one object the last counts.
        self._later: list[tuple[float, int, Reference]] = []
        self._not_before: dict[Reference, float] = {}
        self._may_advance: set[Reference] = set()
        self._busy: dict[Reference, bool] = {}
        self._order = itertools.count()

    def __len__(self) -> int:
        """Return how many objects wait."""
        return len(self._ready) + len(self._not_before)

    def __iter__(self) -> Iterator[Reference]:
        yield from self._ready
        yield from self._not_before

    def add(self, reference: Reference, at: float = 0.0) -> None:
        """Have an object wait for its turn, or first until a time, unless it waits already.

        An object that was postponed stays so: a new state does not shorten its back-off.
        """
        if reference in self._busy:
            self._busy[reference] = True
        elif reference in self._ready:
            return
        elif reference not in self._not_before:
            self._enter(reference, at)
            if at > 0:
                self._may_advance.add(reference)
        elif at == 0 and reference in self._may_advance:
            self._leave(reference)
            self._enter(reference, at)

    def postpone(self, reference: Reference, at: float) -> None:
        """Have an object wait until a time, whatever it waits for already."""
        self._leave(reference)
        self._busy.pop(reference, None)
        self._enter(reference, at)

    def take(self, now: float) -> Reference | None:
        """Return the object whose turn it is, or None."""
        while self._later and self._later[0][0] <= now:
            at, _, reference = heapq.heappop(self._later)
            if self._not_before.get(reference) == at:
                self._leave(reference)
                self._ready[reference] = None
        first = next(iter(self._ready), None)
        if first is not None:
            del self._ready[first]
            self._busy[first] = False
        return first

    def done(self, reference: Reference) -> None:
        """Note the end of the work on an object."""
        if self._busy.pop(reference, False):
            self.add(reference)

    def drop(self, reference: Reference) -> None:
        """Forget an object."""
        self._leave(reference)
        if reference in self._busy:
            self._busy[reference] = False

    @property
    def due(self) -> float | None:
        """When the next object has its turn; 0 for at once, None for never."""
        if self._ready:
            return 0.0
        while self._later and self._not_before.get(self._later[0][2]) != self._later[0][0]:
            heapq.heappop(self._later)
        return self._later[0][0] if self._later else None

    def _leave(self, reference: Reference) -> None:
        self._ready.pop(reference, None)
        self._not_before.pop(reference, None)
        self._may_advance.discard(reference)

    def _enter(self, reference: Reference, at: float) -> None:
        if at > 0:
            self._not_before[reference] = at
            heapq.heappush(self._later, (at, next(self._order), reference))
        else:
            self._ready[reference] = None


class Patience:
    """How long to leave an object alone after someone else has undone what was written.

    The time doubles each time, from two seconds to five minutes; what stays undisturbed for twice
    as long is forgiven.
    """

    def __init__(self) -> None:
        self._undone: dict[Reference, tuple[int, float]] = {}

    def undone(self, reference: Reference, now: float) -> tuple[int, float]:
        """Return how many times it was undone so far, and until when to leave it alone."""
        times, last = self._undone.get(reference, (0, now))
        times = 1 if now - last > _FORGIVEN_AFTER else times + 1
        self._undone[reference] = (times, now)
        pause = min(LONGEST_BACK_OFF, FIRST_BACK_OFF * 2 ** min(times - 1, 30))
        return times, now + pause

    def forget(self, reference: Reference) -> None:
        """Forget an object that is gone."""
        self._undone.pop(reference, None)
