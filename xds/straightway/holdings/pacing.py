"""Pacing: when a runtime is asked next; pure functions, and a sequence of phases."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

from straightway.holdings.answers import FailureKind

TICK: Final = 0.020
"""Runtimes are asked in steps of so many seconds.

So calls share the turns of the event loop: each turn costs as much as the call itself.
"""
_GOLDEN: Final = (math.sqrt(5) - 1) / 2
_SOON: Final = frozenset({FailureKind.REFUSED, FailureKind.STARTING, FailureKind.BROKEN})
"""The failures of a runtime that may answer any moment now, and cost little."""
_FIRST_SOON: Final = 0.25
_LONGEST_SOON: Final = 2.0
_FIRST: Final = 1.0
_LONGEST: Final = 5.0
_VARIES: Final = 0.2


class Phases:
    """Phases between 0 and 1 that divide a circle evenly, however many have been taken.

    Each next one falls into one of the widest gaps (a sequence of Weyl, with the golden ratio).
    """

    def __init__(self, first: float) -> None:
        self._next = first % 1.0

    def take(self) -> float:
        """Return the next phase."""
        phase, self._next = self._next, (self._next + _GOLDEN) % 1.0
        return phase


def next_turn(now: float, interval: float, phase: float) -> float:
    """Return the first time after ``now`` that is a whole number of intervals and a phase."""
    turns = math.floor(now / interval - phase) + 1
    due = (turns + phase) * interval
    return due if due > now else due + interval


def pause_after(
    kind: FailureKind, failures: int, interval: float, random: Callable[[], float]
) -> float:
    """Return how long to wait after so many failures in a row, in seconds.

    It doubles each time, up to a few seconds: a runtime that comes back is found soon. It begins
    with the interval if that is shorter. ``random`` yields numbers from 0 to 1, by which it varies.
    """
    first, longest = (_FIRST_SOON, _LONGEST_SOON) if kind in _SOON else (_FIRST, _LONGEST)
    pause = min(longest, min(first, interval) * 2.0 ** min(failures - 1, 16))
    return pause * (1 - _VARIES / 2 + _VARIES * random())


def on_tick(when: float) -> float:
    """Return the first tick at a time or after it."""
    return math.ceil(when / TICK) * TICK
