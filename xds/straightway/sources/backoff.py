"""How long to wait before a failed operation is retried."""

from __future__ import annotations


class Backoff:
    """Doubles the wait after each consecutive failure, from ``first`` to ``limit`` seconds."""

    def __init__(self, first: float = 0.25, limit: float = 8.0) -> None:
        self._first = first
        self._limit = limit
        self._next = first

    def failed(self) -> float:
        """Return how long to wait after another failure."""
        delay, self._next = self._next, min(2 * self._next, self._limit)
        return delay

    def succeeded(self) -> None:
        """Start again with the shortest wait."""
        self._next = self._first
