"""When work is done: how long changes are gathered, and how long the event loop may be kept."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Debounce:
    """How long to wait for more, in seconds: a quiet time, and a limit from the first change."""

    quiet: float
    limit: float


class Breath:
    """Lets the event loop breathe: other tasks run after every ``seconds`` of work."""

    def __init__(self, seconds: float = 0.005) -> None:
        self._seconds = seconds
        self._clock = asyncio.get_running_loop().time
        self._since = self._clock()

    async def take(self) -> None:
        """Give way if it is time to."""
        if self._clock() - self._since >= self._seconds:
            await asyncio.sleep(0)
            self._since = self._clock()
