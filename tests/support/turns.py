"""Another task beside the one that works, to see whether it gets its turns."""

from __future__ import annotations

import asyncio


class Turns:
    """Another task, which counts how often it gets to run."""

    def __init__(self) -> None:
        self.count = 0
        self._task = asyncio.create_task(self._run())

    def stop(self) -> None:
        self._task.cancel()

    async def _run(self) -> None:
        while True:
            self.count += 1
            await asyncio.sleep(0)
