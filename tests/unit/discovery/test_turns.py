"""Streams share the event loop with everything else."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from straightway.discovery.turns import Turns

WORK = 0.002
SLICE = 0.005


class Clock:
    """Stands for the event loop's: time passes only while a stream works."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: self.now)


@pytest.fixture
async def clock(monkeypatch):
    return Clock(monkeypatch)


class Iterations:
    """Counts the event loop's iterations, as any other task would see them."""

    def __init__(self) -> None:
        self.count = 0
        self._count()

    def _count(self) -> None:
        self.count += 1
        self._handle = asyncio.get_running_loop().call_soon(self._count)

    def stop(self) -> None:
        self._handle.cancel()


async def test_what_many_streams_do_is_divided_among_iterations(clock):
    turns, iterations = Turns(SLICE), Iterations()
    worked: Counter[int] = Counter()
    order: list[int] = []

    async def stream(index: int) -> None:
        while turns.are_over:
            await turns.next()
        clock.now += WORK
        worked[iterations.count] += 1
        order.append(index)

    await asyncio.gather(*map(stream, range(100)))
    iterations.stop()

    # The last one may begin just before the slice ends.
    assert max(worked.values()) <= SLICE / WORK + 1
    assert sorted(order) == list(range(100))


async def test_a_single_stream_never_waits(clock):
    turns = Turns(SLICE)
    for _ in range(10):
        assert not turns.are_over
        clock.now += 10 * SLICE
        await asyncio.sleep(0)


async def test_the_first_of_an_iteration_has_its_turn_however_long_others_take(clock):
    turns = Turns(SLICE)
    done = []

    async def stream(index: int) -> None:
        while turns.are_over:
            await turns.next()
        clock.now += 10 * SLICE
        done.append(index)

    async with asyncio.timeout(None), asyncio.TaskGroup() as tasks:
        for index in range(20):
            tasks.create_task(stream(index))
    assert sorted(done) == list(range(20))


async def test_a_stream_that_is_cancelled_gives_its_turn_to_the_next(clock):
    turns = Turns(SLICE)
    assert not turns.are_over
    clock.now += SLICE

    async def stream() -> None:
        while turns.are_over:
            await turns.next()

    waiting = [asyncio.create_task(stream()) for _ in range(3)]
    waiting[0].cancel()
    async with asyncio.TaskGroup() as tasks:
        for each in waiting[1:]:
            tasks.create_task(asyncio.wait_for(each, None))
    assert waiting[0].cancelled()
