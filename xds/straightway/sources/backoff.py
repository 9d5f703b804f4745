"""How long to wait before what failed is tried again."""

from __future__ import annotations


class Backoff:
    """Waits twice as long after each failure in a row, from ``first`` to ``limit`` seconds."""

    def __init__(self, first: float = 0.25, limit: float = 8.0) -> None:
        self._first = first
        self._limit = limit
        self._next = first

    def failed(self) -> float:
        """Return how long to wait after one more failure."""
        delay, self._next = self._next, min(2 * self._next, self._limit)
        return delay

    def succeeded(self) -> None:
        """Begin again with the shortest time."""
        self._next = self._first
