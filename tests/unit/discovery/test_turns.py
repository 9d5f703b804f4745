"""Streams share the event loop with everything else."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from straightway.discovery.turns import LEAST, Turns

WORK = 0.0005
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


@pytest.mark.parametrize("work", [WORK, 10 * SLICE])
async def test_what_many_streams_do_is_divided_among_iterations(clock, work):
    turns, iterations = Turns(SLICE), Iterations()
    worked: Counter[int] = Counter()
    order: list[int] = []

    async def stream(index: int) -> None:
        await turns.next()
        clock.now += work
        worked[iterations.count] += 1
        order.append(index)

    await asyncio.gather(*map(stream, range(200)))
    iterations.stop()

    # A few more than fit, before that is known.
    assert max(worked.values()) <= max(LEAST, 1.5 * SLICE / work)
    assert order == list(range(200))


async def test_many_streams_take_no_more_iterations_than_they_need(clock):
    turns, iterations = Turns(SLICE), Iterations()

    async def stream() -> None:
        await turns.next()
        clock.now += WORK

    for _ in range(2):  # How many fit is only known after some.
        before = iterations.count
        await asyncio.gather(*(stream() for _ in range(1000)))
    iterations.stop()

    assert iterations.count - before < 3 * 1000 * WORK / SLICE


async def test_a_single_stream_does_not_wait(clock):
    turns = Turns(SLICE)
    for _ in range(10):
        sleeper = asyncio.get_running_loop().create_future()
        turns.wake(sleeper)
        assert sleeper.done()
        clock.now += 10 * SLICE
        await asyncio.sleep(0)
        await asyncio.sleep(0)


async def test_a_stream_that_is_cancelled_gives_its_turn_to_the_next(clock):
    turns = Turns(SLICE)
    waiting = [asyncio.create_task(turns.next()) for _ in range(4 * LEAST)]
    await asyncio.sleep(0)
    for each in waiting[1:-1]:
        each.cancel()
    await waiting[-1]
    assert waiting[0].done()
    assert waiting[1].cancelled()
