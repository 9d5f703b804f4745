"""Turns: how much all streams together do before the event loop goes on to other tasks.

One change wakes every stream of an audience in the same iteration of the event loop, and hundreds
of clients may reconnect at once. Without turns, health checks and all other tasks would wait until
the last stream is done.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

_SECONDS: Final = 0.010
"""About how long an iteration of the event loop takes while many streams are busy."""

LEAST: Final = 8
"""How many streams are woken even if other tasks take all of that time, such as a rebuild."""


class Turns:
    """Wakes streams, each in its turn: as many per iteration of the event loop as fit into it."""

    __slots__ = ("_began", "_fitting", "_is_running", "_seconds", "_waiting", "_woken")

    def __init__(self, seconds: float = _SECONDS) -> None:
        self._seconds = seconds
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._is_running = False
        self._began = 0.0
        self._woken = 0
        self._fitting = LEAST

    def wake(self, sleeper: asyncio.Future[None]) -> None:
        """Resolve a future: at once if nobody else is busy, otherwise in its turn."""
        self._waiting.append(sleeper)
        if not self._is_running:
            self._is_running = True
            self._wake_some()

    async def next(self) -> None:
        """Wait for a turn."""
        turn = asyncio.get_running_loop().create_future()
        self.wake(turn)
        await turn

    def _go_on(self) -> None:
        """Wake the next ones, after those that were woken last have done their work."""
        elapsed = asyncio.get_running_loop().time() - self._began
        if elapsed > self._seconds:
            self._fitting = max(LEAST, int(self._woken * self._seconds / elapsed))
        elif self._woken == self._fitting:
            self._fitting += self._fitting // 4 + 1
        self._wake_some()

    def _wake_some(self) -> None:
        loop = asyncio.get_running_loop()
        self._began, self._woken = loop.time(), 0
        while self._waiting and self._woken < self._fitting:
            sleeper = self._waiting.popleft()
            if not sleeper.done():  # It is done if its stream was cancelled.
                sleeper.set_result(None)
                self._woken += 1
        if self._woken:
            # Behind them in the event loop's queue.
            loop.call_soon(self._go_on)
        else:
            self._is_running = False
