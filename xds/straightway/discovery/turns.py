"""Turns: how much all streams together do before the event loop goes on to other tasks.

One change wakes every stream of an audience in the same iteration of the event loop, and hundreds
of clients may reconnect at once. Without turns, health checks and all other tasks would wait until
the last stream is done.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

_SECONDS: Final = 0.005
"""How long streams may work in one iteration of the event loop."""


class Turns:
    """Divides the work of many streams among iterations of the event loop that they run in.

    Before each piece of work a stream checks :attr:`are_over`, and if so awaits :meth:`next`. The
    longest waiting streams come first.
    """

    __slots__ = ("_ends_at", "_fitting", "_is_counting", "_seconds", "_taken", "_waiting")

    def __init__(self, seconds: float = _SECONDS) -> None:
        self._seconds = seconds
        self._ends_at = 0.0
        self._is_counting = False
        self._taken = 0
        self._fitting = 1
        self._waiting: deque[asyncio.Future[None]] = deque()

    @property
    def are_over(self) -> bool:
        """Whether a stream must wait for its turn; if not, this counts as a turn."""
        if not self._is_counting:
            self._is_counting = True
            self._begin()
        elif asyncio.get_running_loop().time() >= self._ends_at:
            return True
        self._taken += 1
        return False

    async def next(self) -> None:
        """Wait until there may be a turn: check again."""
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        await turn

    def _begin(self) -> None:
        """Begin an iteration; the loop calls this at the beginning of the next one, too."""
        loop = asyncio.get_running_loop()
        self._ends_at = loop.time() + self._seconds
        loop.call_soon(self._end)

    def _end(self) -> None:
        self._fitting, self._taken = self._taken or self._fitting, 0
        if not self._waiting:
            self._is_counting = False
            return
        self._begin()
        # Waking all would itself take time. Some more than fitted, in case they now take less.
        for _ in range(min(self._fitting + self._fitting // 4 + 1, len(self._waiting))):
            turn = self._waiting.popleft()
            if not turn.done():  # It is done if its stream was cancelled.
                turn.set_result(None)
