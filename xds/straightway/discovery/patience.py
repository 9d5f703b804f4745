"""A time limit for each of many short waits, with one timer for all of them."""

from __future__ import annotations

import asyncio
from types import TracebackType


class Patience:
    """Times out ``limit`` when what is done ``with`` it takes longer than ``seconds``.

    Starting and cancelling a timer for every response costs about as much as finding out what is
    in it. Nearly all are written at once; so the timer of the first runs on, and looks at its end
    whether something is under way, and since when.
    """

    def __init__(self, seconds: float, limit: asyncio.Timeout) -> None:
        self._seconds = seconds
        self._limit = limit
        self._loop = asyncio.get_running_loop()
        self._since: float | None = None
        self._timer: asyncio.TimerHandle | None = None

    def __enter__(self) -> None:
        self._since = self._loop.time()
        if self._timer is None:
            self._timer = self._loop.call_later(self._seconds, self._look)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._since = None

    def close(self) -> None:
        """Stop the timer."""
        if self._timer is not None:
            self._timer.cancel()

    def _look(self) -> None:
        self._timer = None
        if self._since is None:
            return
        end = self._since + self._seconds
        if end <= self._loop.time():
            self._limit.reschedule(end)
        else:
            self._timer = self._loop.call_at(end, self._look)
