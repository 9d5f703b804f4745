"""A folder and the source that follows it."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from straightway.documents import Bundle
from straightway.sources import FolderSource, Update

DEADLINE = 20.0


class Followed:
    """A folder source at work."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.folder = folder
        self._updates: asyncio.Queue[Update] = asyncio.Queue()
        source = FolderSource(folder, **settings)
        self.task = asyncio.create_task(source.run(self._updates.put_nowait))
        self._names = itertools.count()

    async def update(self) -> Update:
        """Wait for the next update."""
        waiting = asyncio.create_task(self._updates.get())
        await asyncio.wait(
            {waiting, self.task}, timeout=DEADLINE, return_when=asyncio.FIRST_COMPLETED
        )
        if not waiting.done():
            waiting.cancel()
            if self.task.done():
                self.task.result()
            raise TimeoutError("no update came")
        return waiting.result()

    async def bundles(self) -> list[Bundle]:
        """Wait for the next update, and return its bundles."""
        return list((await self.update()).bundles)

    async def bundle(self) -> Bundle:
        """Wait for the next update, which must have one bundle."""
        [bundle] = await self.bundles()
        return bundle

    async def assert_nothing_new(self) -> None:
        """Change something else, and see that the next update has that alone."""
        name = f"sentinel-{next(self._names)}.yaml"
        (self.folder / name).write_text("sentinel: true\n")
        assert [bundle.key for bundle in await self.bundles()] == [name]

    async def stop(self) -> None:
        self.task.cancel()
        with suppress(asyncio.CancelledError):
            await self.task


Follow = Callable[..., Followed]


@pytest.fixture
async def follow() -> AsyncIterator[Follow]:
    """Start following a folder; settings are those of FolderSource."""
    started: list[Followed] = []

    def start(folder: Path, **settings: Any) -> Followed:
        started.append(Followed(folder, **settings))
        return started[-1]

    yield start
    for followed in started:
        await followed.stop()
