"""A time limit for many short waits, with one timer for all of them."""

from __future__ import annotations

import asyncio


class Patience:
    """Times out ``limit`` when something that began at ``since`` takes longer than ``seconds``.

    Starting and cancelling a timer for every response costs about as much as planning it. So there
    is one timer, which checks every ``seconds`` whether something is in progress.
    """

    __slots__ = ("__weakref__", "_limit", "_loop", "_seconds", "_timer", "since")

    def __init__(self, seconds: float, limit: asyncio.Timeout) -> None:
        self.since: float | None = None
        """When the current wait began, by the event loop's clock; None without one."""
        self._seconds = seconds
        self._limit = limit
        self._loop = asyncio.get_running_loop()
        self._timer = self._loop.call_later(seconds, self._look)

    def close(self) -> None:
        """Stop the timer."""
        self._timer.cancel()

    def _look(self) -> None:
        now = self._loop.time()
        end = (now if self.since is None else self.since) + self._seconds
        if end <= now:
            self._limit.reschedule(end)
        else:
            self._timer = self._loop.call_at(end, self._look)
