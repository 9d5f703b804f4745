"""A part of the control plane in which we made a mistake: it begins anew, and nothing else ends."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from straightway.containment import LONGEST_PAUSE, contained
from tests.support import virtual_time
from tests.support.mistakes import OurMistakeError, errors

EVENT = "internal error, a part of the control plane begins anew"


class Part:
    """Works for ``lasts`` seconds, and then makes a mistake."""

    def __init__(self, lasts: float = 0.0) -> None:
        self.lasts = lasts
        self.begun: list[float] = []

    async def run(self) -> None:
        self.begun.append(asyncio.get_running_loop().time())
        await asyncio.sleep(self.lasts)
        raise OurMistakeError


async def run_for(seconds: float, part: Part) -> None:
    task = asyncio.create_task(contained("part", part.run))
    await asyncio.sleep(seconds)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def test_it_begins_anew_later_each_time_and_says_why():
    part = Part()
    with capture_logs() as lines:
        virtual_time.run(run_for(600, part))
    pauses = [after - before for before, after in zip(part.begun, part.begun[1:], strict=False)]
    assert pauses[:7] == [1, 2, 4, 8, 16, 32, LONGEST_PAUSE]
    assert set(pauses[7:]) == {LONGEST_PAUSE}
    assert {event for event, _ in errors(lines)} == {EVENT}
    assert {line["part"] for line in lines} == {"part"}


def test_after_a_long_run_the_pause_is_short_again():
    part = Part(lasts=2 * LONGEST_PAUSE)
    virtual_time.run(run_for(600, part))
    assert part.begun == [0, 121, 242, 363, 484]


def test_what_is_for_users_is_raised():
    with pytest.raises(OurMistakeError):
        virtual_time.run(contained("part", Part().run, unless=(OurMistakeError,)))


def test_what_ends_is_over():
    async def nothing() -> None:
        pass

    virtual_time.run(contained("part", nothing))
