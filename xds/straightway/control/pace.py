"""Timing: how long changes are gathered, and how long work may block the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Debounce:
    """How long to wait for more changes, in seconds: a quiet time, and a limit in total."""

    quiet: float
    limit: float


class Breath:
    """Yields to the event loop: other tasks run after every ``seconds`` of work."""

    def __init__(self, seconds: float = 0.005) -> None:
        self._seconds = seconds
        self._clock = asyncio.get_running_loop().time
        self._since = self._clock()

    async def take(self) -> None:
        """Yield to other tasks if it is time."""
        if self._clock() - self._since >= self._seconds:
            await asyncio.sleep(0)
            self._since = self._clock()

    async def through(self, steps: Generator[object, None, T]) -> T:
        """Take all steps, yielding to other tasks in between, and return their result."""
        clock, seconds = self._clock, self._seconds
        while True:
            try:
                next(steps)
                while clock() - self._since < seconds:
                    next(steps)
            except StopIteration as end:
                result: T = end.value
                return result
            await self.take()
