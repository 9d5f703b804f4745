"""The poller asks everyone in turn, and nobody waits for one that does not answer."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from contextlib import asynccontextmanager

import pytest
from structlog.testing import capture_logs

from straightway.holdings.answers import FailureKind, NoAnswerError
from straightway.holdings.poller import Poller
from straightway.holdings.pools import Pool
from straightway.holdings.transitions import Change
from tests.support.holdings import DISCOVERY, Runtimes, gaps, lists, pool, refused, target, targets
from tests.support.mistakes import OurMistakeError
from tests.support.virtual_time import run


class Desk:
    """A poller of runtimes that are played, and what it told."""

    def __init__(self, runtimes: Runtimes, at_once: int = 512) -> None:
        self.runtimes = runtimes
        self.told: list[tuple[str, Change]] = []
        self.gone: list[str] = []
        self.poller = Poller(
            runtimes.make,
            lambda *told: self._tell(*told),
            lambda runtime: self.gone.append(runtime.target.workload.name),
            chance=random.Random(1),
            at_once=at_once,
        )

    def _tell(self, runtime, happened) -> None:
        self.told += [(runtime.target.workload.name, each.change) for each in happened]

    def values(self) -> list[tuple[str, ...]]:
        return [each.memory.values for each in self.poller.runtimes(DISCOVERY)]


@asynccontextmanager
async def polling(desk: Desk, *pools: Pool):
    desk.poller.follow(pools)
    task = asyncio.create_task(desk.poller.run())
    try:
        yield
    finally:
        assert not task.done(), "the poller has ended"
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not desk.runtimes.in_flight, "a call was left behind"


def play(desk: Desk, *pools: Pool, seconds: float) -> Desk:
    """Poll for some seconds of virtual time."""

    async def story() -> None:
        async with polling(desk, *pools):
            await asyncio.sleep(seconds)

    run(story())
    return desk


def test_each_runtime_is_asked_at_once_and_then_every_interval():
    runtimes = Runtimes()
    play(Desk(runtimes), pool(*targets(50), interval=2.0), seconds=20)
    for name in {name for _, name in runtimes.asked}:
        times = runtimes.times(name)
        assert times[0] == 0
        assert 0 < times[1] <= 2.02
        assert gaps(times[1:]) == pytest.approx([2.0] * (len(times) - 2), abs=0.021)


def test_a_pool_is_spread_evenly_over_the_interval():
    runtimes = Runtimes()
    play(Desk(runtimes), pool(*targets(1000)), seconds=3)
    by_tick = Counter(round(at / 0.02) for at, _ in runtimes.asked if 1.5 < at < 2.5)
    assert max(by_tick.values()) <= 25  # 20 would be perfect.
    assert len(by_tick) >= 49


def test_a_runtime_that_hangs_delays_no_other_and_is_asked_again_after_its_timeout():
    runtimes = Runtimes()
    runtimes.says["runtime-0000"] = None
    play(Desk(runtimes), pool(*targets(3)), seconds=30)
    assert len(runtimes.times("runtime-0001")) >= 30
    assert 2 <= len(runtimes.times("runtime-0000")) <= 5


def test_runtimes_that_hang_take_no_places_of_those_that_answer():
    runtimes, everyone = Runtimes(), targets(20)
    for each in everyone[:10]:
        runtimes.says[each.workload.name] = None
    play(Desk(runtimes, at_once=8), pool(*everyone, timeout=0.5), seconds=60)
    late = [len([at for at in runtimes.times(each.workload.name) if at > 30]) for each in everyone]
    assert min(late[10:]) >= 29
    assert min(late[:10]) >= 1
    assert runtimes.most_in_flight <= 16


def test_a_runtime_that_comes_back_is_found_within_seconds():
    runtimes = Runtimes()
    desk = Desk(runtimes)
    runtimes.says["a"] = refused()

    async def story() -> None:
        async with polling(desk, pool(target(), interval=30.0)):
            await asyncio.sleep(300)
            runtimes.says["a"] = lists("m")
            await asyncio.sleep(2.3)
            assert desk.values() == [("m",)]

    run(story())
    assert max(gaps(runtimes.times("a"))) < 2.5


def test_refused_connections_of_many_are_not_retried_together():
    runtimes = Runtimes()
    for each in targets(200):
        runtimes.says[each.workload.name] = refused()
    play(Desk(runtimes), pool(*targets(200)), seconds=60)
    by_tick = Counter(round(at / 0.02) for at, _ in runtimes.asked if at > 30)
    assert max(by_tick.values()) <= 20
    assert len([at for at, _ in runtimes.asked if at > 30]) <= 200 * 30 / 1.8


def test_what_does_not_answer_goes_stale_in_time_though_a_call_hangs():
    runtimes = Runtimes()
    desk = Desk(runtimes)

    async def story() -> None:
        async with polling(desk, pool(target(), timeout=30.0, stale_after=40.0)):
            await asyncio.sleep(5)
            runtimes.says["a"] = None
            await asyncio.sleep(159)
            assert desk.values() == [("m",)]
            await asyncio.sleep(4)
            assert desk.values() == [()]

    run(story())
    assert desk.told[-1] == ("a", Change.STALE)


def test_who_is_no_longer_wanted_is_not_asked_and_its_call_ends():
    runtimes = Runtimes()
    desk, (a, b) = Desk(runtimes), targets(2)
    runtimes.says[a.workload.name] = None

    async def story() -> None:
        async with polling(desk, pool(a, b)):
            await asyncio.sleep(0.5)
            desk.poller.follow([pool(b)])
            await asyncio.sleep(0.5)
            assert runtimes.in_flight == {}
            desk.poller.follow([])
            asked = len(runtimes.asked)
            await asyncio.sleep(10)
            assert len(runtimes.asked) == asked

    run(story())
    assert desk.gone == [a.workload.name, b.workload.name]


def test_what_is_known_stays_if_it_is_asked_in_another_way():
    runtimes = Runtimes()
    desk = Desk(runtimes)

    async def story() -> None:
        async with polling(desk, pool(target(), interval=100.0)):
            await asyncio.sleep(1)
            runtimes.says["a"] = None
            desk.poller.follow([pool(target(port=9000), interval=1.0)])
            await asyncio.sleep(1)
            assert desk.values() == [("m",)]
            runtimes.says["a"] = lists("n")
            desk.poller.follow([pool(target(port=8000), interval=1.0)])
            await asyncio.sleep(1)
            assert desk.values() == [("n",)]

    run(story())
    assert desk.gone == []


def test_another_address_is_another_runtime():
    desk = Desk(Runtimes())

    async def story() -> None:
        async with polling(desk, pool(target())):
            await asyncio.sleep(1)
            desk.poller.follow([pool(target(address="10.0.0.2"))])
            assert desk.values() == [()]

    run(story())
    assert desk.gone == ["a"]


def test_settings_that_name_models_otherwise_count_from_the_next_answer():
    runtimes = Runtimes()
    runtimes.says["a"] = lists("models/m")
    desk = Desk(runtimes)

    async def story() -> None:
        async with polling(desk, pool(target())):
            await asyncio.sleep(3)
            desk.poller.follow([pool(target(), strip="models/")])
            await asyncio.sleep(3)

    run(story())
    assert desk.poller.runtimes(DISCOVERY)[0].memory.values == ("m",)


def test_everyone_has_been_asked_when_it_is_said_so():
    runtimes = Runtimes()
    desk = Desk(runtimes)
    runtimes.says["runtime-0001"] = refused()

    async def story() -> None:
        assert desk.poller.all_asked.is_set()
        async with polling(desk, pool(*targets(1000))):
            assert not desk.poller.all_asked.is_set()
            await desk.poller.all_asked.wait()
            assert len(desk.values()) == len(runtimes.asked) == 1000
            assert desk.values().count(("m",)) == 999

    run(story())


def test_a_mistake_of_ours_at_one_runtime_is_its_failure_and_told_once():
    runtimes = Runtimes()
    runtimes.says |= {each.workload.name: OurMistakeError() for each in targets(5)}
    with capture_logs() as lines:
        desk = play(Desk(runtimes), pool(*targets(10)), seconds=30)
    assert [line["event"] for line in lines] == ["internal error, a runtime is not asked"]
    assert desk.poller.mistakes > 5
    (first, *_) = desk.poller.runtimes(DISCOVERY)
    assert str(first.memory.error) == "internal error: OurMistakeError"
    assert len(runtimes.times("runtime-0009")) >= 29


def test_a_mistake_of_ours_in_what_is_told_ends_nothing():
    runtimes = Runtimes()
    desk = Desk(runtimes)
    desk._tell = None  # type: ignore[method-assign, assignment]
    with capture_logs():
        play(desk, pool(*targets(3), stale_after=3.0), seconds=2)
        runtimes.says |= {each.workload.name: refused() for each in targets(3)}
        play(desk, pool(*targets(3), stale_after=3.0), seconds=60)
    assert desk.poller.mistakes >= 9


def test_it_goes_on_where_it_was_when_it_is_run_again():
    runtimes = Runtimes()
    desk = play(Desk(runtimes), pool(*targets(3)), seconds=5)
    runtimes.says |= {each.workload.name: refused() for each in targets(3)}
    play(desk, pool(*targets(3)), seconds=5)
    assert desk.values() == [("m",)] * 3


def test_the_kind_of_a_failure_decides_when_it_is_asked_again():
    runtimes = Runtimes()
    runtimes.says["runtime-0000"] = refused()
    runtimes.says["runtime-0001"] = NoAnswerError(FailureKind.DENIED, "401")
    play(Desk(runtimes), pool(*targets(2)), seconds=60)
    assert len(runtimes.times("runtime-0000")) > 2 * len(runtimes.times("runtime-0001"))


# --- Looking around ---


def test_a_change_at_one_has_its_pool_asked_once_in_an_interval():
    runtimes = Runtimes()
    desk, everyone = Desk(runtimes), targets(200)

    async def story() -> None:
        async with polling(desk, pool(*everyone, interval=10.0)):
            await asyncio.sleep(21)
            runtimes.asked.clear()
            for turn in range(100):
                runtimes.says["runtime-0000"] = lists(f"model-{turn}")
                runtimes.says["runtime-0001"] = lists(f"model-{turn}")
                await asyncio.sleep(1)

    run(story())
    counts = Counter(name for _, name in runtimes.asked)
    assert max(counts.values()) <= 21
    assert counts["runtime-0100"] >= 17


def test_one_pools_change_is_no_matter_of_another():
    runtimes = Runtimes()
    desk, (a, b) = Desk(runtimes), targets(2)

    async def story() -> None:
        async with polling(desk, pool(a, interval=5.0), pool(b, name="other", interval=5.0)):
            await asyncio.sleep(11)
            runtimes.asked.clear()
            runtimes.says[a.workload.name] = lists("other")
            await asyncio.sleep(10)

    run(story())
    assert len(runtimes.times(b.workload.name)) == 2


def test_those_that_fail_are_not_asked_for_another_ones_change():
    runtimes = Runtimes()
    desk, (a, b) = Desk(runtimes), targets(2)
    runtimes.says[b.workload.name] = NoAnswerError(FailureKind.DENIED, "401")

    async def story() -> None:
        async with polling(desk, pool(a, b)):
            for turn in range(50):
                runtimes.says[a.workload.name] = lists(f"model-{turn}")
                await asyncio.sleep(1)

    run(story())
    assert len(runtimes.times(b.workload.name)) <= 14


def test_what_new_runtimes_hold_is_no_change():
    runtimes = Runtimes()
    desk, everyone = Desk(runtimes), targets(50)

    async def story() -> None:
        async with polling(desk, pool(everyone[0], interval=10.0)):
            await asyncio.sleep(11)
            runtimes.asked.clear()
            desk.poller.follow([pool(*everyone, interval=10.0)])
            await asyncio.sleep(5)

    run(story())
    assert len(runtimes.times("runtime-0000")) <= 1
