"""Holdings as the control loop uses them: what runtimes hold arrives, and together."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from contextlib import asynccontextmanager

import pytest
from structlog.testing import capture_logs

from straightway.catalog import Observation
from straightway.documents import ProblemStore, Reference
from straightway.holdings.holdings import Holdings
from straightway.holdings.transitions import Change, Transition
from tests.support.holdings import (
    DISCOVERY,
    Runtimes,
    gaps,
    lists,
    pool,
    refused,
    target,
    targets,
    workload,
)
from tests.support.virtual_time import run

NOON = 1_000_000.0


class Desk:
    """Holdings of runtimes that are played, and what they told."""

    def __init__(self) -> None:
        self.runtimes = Runtimes()
        self.held: dict[Reference, dict[str, Observation]] = {}
        self.times: list[float] = []
        self.transitions: list[Transition] = []
        self.problems = ProblemStore()
        self.holdings = Holdings(
            self._observe,
            self.runtimes.make,
            problems=self.problems,
            clock=lambda: NOON + asyncio.get_running_loop().time(),
            chance=random.Random(1),
        )
        self.holdings.listen(self.transitions.extend)

    def _observe(self, reference: Reference, held) -> None:
        self.held[reference] = dict(held)
        self.times.append(asyncio.get_running_loop().time())

    def values(self) -> dict[str, dict[str, tuple[str, ...]]]:
        return {
            reference.name: {key: each.values for key, each in held.items()}
            for reference, held in self.held.items()
        }

    def changes(self) -> Sequence[Change]:
        return [each.change for each in self.transitions]


@asynccontextmanager
async def running(desk: Desk, *pools):
    desk.holdings.follow(pools)
    task = asyncio.create_task(desk.holdings.run())
    try:
        yield
    finally:
        assert not task.done(), "it has ended"
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        others = asyncio.all_tasks() - {asyncio.current_task()}
        assert not others, "a task was left behind"


def test_what_a_runtime_holds_is_told_with_where_it_was_seen():
    desk = Desk()
    desk.runtimes.says["a"] = lists("m", "n")

    async def story() -> None:
        async with running(desk, pool(target())):
            await asyncio.sleep(5)

    run(story())
    (seen,) = (held["model"] for held in desk.held.values())
    assert seen.values == ("m", "n")
    assert seen.origin == "http://10.0.0.1:8000 (triton)"
    assert NOON < seen.at < NOON + 1
    assert len(desk.times) == 1


def test_a_hundred_changes_at_once_arrive_at_once():
    desk, everyone = Desk(), targets(100)

    async def story() -> None:
        async with running(desk, pool(*everyone, interval=3600.0)):
            await asyncio.sleep(5)

    run(story())
    assert len(desk.held) == 100
    assert len(set(desk.times)) == 1
    assert desk.times[0] <= 0.05


def test_what_changes_at_many_runtimes_at_once_is_found_at_once():
    desk, everyone = Desk(), targets(100)

    async def story() -> None:
        async with running(desk, pool(*everyone, interval=20.0)):
            await asyncio.sleep(50)
            desk.times.clear()
            for each in everyone:
                desk.runtimes.says[each.workload.name] = lists("other")
            await asyncio.sleep(25)

    run(story())
    assert len(desk.times) == 100
    assert len(set(desk.times)) == 1


def test_changes_that_never_end_are_told_all_the_same():
    desk, everyone = Desk(), targets(100)

    async def story() -> None:
        async with running(desk, pool(*everyone)):
            for turn in range(400):
                await asyncio.sleep(0.005)
                for each in everyone:
                    desk.runtimes.says[each.workload.name] = lists(f"model-{turn}")

    run(story())
    turns = sorted(set(desk.times))
    assert max(gaps(turns)) <= 0.25


def test_who_is_no_longer_wanted_holds_nothing_at_once():
    desk, (a, b) = Desk(), targets(2)

    async def story() -> None:
        async with running(desk, pool(a, b)):
            await asyncio.sleep(1)
            desk.holdings.follow([pool(a)])
            await asyncio.sleep(0.1)
            assert list(desk.values().values()) == [{"model": ("m",)}, {}]
            desk.holdings.follow([])
            await asyncio.sleep(0.1)
            assert list(desk.values().values()) == [{}, {}]

    run(story())


def test_two_pools_and_what_is_pushed_are_united():
    desk = Desk()
    member = target()

    async def story() -> None:
        one, other = pool(member), pool(member, name="other", strip="m")
        desk.runtimes.says["a"] = lists("m1")
        async with running(desk, one):
            await asyncio.sleep(0.5)
            desk.holdings.follow([one, other])
            await asyncio.sleep(1.5)
            assert desk.values() == {"a": {"model": ("1", "m1")}}
            desk.holdings.push("agent", workload("a"), "model", ["x"], "pushed by agent")
            await asyncio.sleep(0.1)
            assert desk.values() == {"a": {"model": ("1", "m1", "x")}}
            assert desk.holdings.held(workload("a"))["model"]["x"] == ["pushed by agent"]
            desk.holdings.push("agent", workload("a"), "model", [], "pushed by agent")
            desk.holdings.follow([])
            await asyncio.sleep(0.1)
            assert desk.values() == {"a": {}}

    # A runtime is asked by each pool, perhaps at one time.
    desk.runtimes.takes = 0.0
    run(story())


def test_a_key_that_is_another_one_is_filled_before_the_next_answer():
    desk = Desk()

    async def story() -> None:
        async with running(desk, pool(target())):
            await asyncio.sleep(1)
            desk.runtimes.says["a"] = None
            changed = pool(target())
            settings = changed.settings.__class__("adapter", changed.settings.api)
            desk.holdings.follow([changed.__class__(changed.discovery, settings, changed.targets)])
            await asyncio.sleep(0.1)

    run(story())
    assert desk.values() == {"a": {"adapter": ("m",)}}


def test_a_start_waits_for_what_runtimes_hold_but_not_long():
    desk, everyone = Desk(), targets(500)
    desk.runtimes.says[everyone[7].workload.name] = None

    async def story() -> None:
        async with running(desk, pool(*everyone)):
            await desk.holdings.asked(within=2.0)
            assert asyncio.get_running_loop().time() == 2.0
            assert len(desk.held) == 499

    run(story())


def test_without_pools_a_start_does_not_wait():
    desk = Desk()

    async def story() -> None:
        async with running(desk):
            await desk.holdings.asked(within=100.0)
            assert asyncio.get_running_loop().time() == 0.0

    run(story())


def test_every_transition_is_told_with_its_reason():
    desk = Desk()

    async def story() -> None:
        async with running(desk, pool(target())):
            await asyncio.sleep(1.5)
            desk.runtimes.says["a"] = refused()
            await asyncio.sleep(10)
            desk.runtimes.says["a"] = lists("m")
            await asyncio.sleep(3)

    run(story())
    assert desk.changes() == [Change.GAINED, Change.FAILING, Change.RESTARTED]
    gained, failing, _ = desk.transitions
    assert (gained.pool, gained.target, gained.models) == (DISCOVERY, target(), ("m",))
    assert failing.reason == "Connection refused"
    assert NOON < gained.at < failing.at


def test_the_view_says_what_is_known_of_a_pool():
    desk, everyone = Desk(), targets(14)
    for each in everyone[:12]:
        desk.runtimes.says[each.workload.name] = refused()
    desk.runtimes.says[everyone[12].workload.name] = lists("x", "m")

    async def story() -> None:
        async with running(desk, pool(*everyone)):
            await asyncio.sleep(30)
            view = desk.holdings.view(DISCOVERY)
            assert view is not None
            assert (view.runtimes, view.answering, view.models, view.apis) == (
                14,
                2,
                2,
                ("triton",),
            )
            assert len(view.errors) == 10
            assert view.errors[0] == ("runtime-0000 (10.0.0.1:8000)", "Connection refused")
            assert desk.holdings.view(DISCOVERY._replace(name="other")) is None
            *_, last = desk.holdings.runtimes(DISCOVERY)
            assert (last.values, last.is_answering, last.error) == (("m",), True, "")

    run(story())


def test_a_pool_that_goes_away_is_a_few_lines_and_comes_back_in_a_few():
    desk, everyone = Desk(), targets(1000)

    async def story() -> None:
        async with running(desk, pool(*everyone)):
            await asyncio.sleep(3)
            for each in everyone:
                desk.runtimes.says[each.workload.name] = refused()
            await asyncio.sleep(100)
            desk.runtimes.says.clear()
            await asyncio.sleep(10)

    with capture_logs() as lines:
        run(story())
    assert len(lines) <= 24
    assert [line["event"] for line in lines[:2]] == [
        "models gained",
        "models gained, at others too",
    ]
    assert lines[1]["runtimes"] == 999
    assert {line["event"] for line in lines if "others" not in line["event"]} == {
        "models gained",
        "runtime stopped answering",
        "runtime went stale",
        "runtime restarted",
    }


def test_what_is_wrong_with_a_pool_is_one_problem_that_names_a_few():
    desk, everyone = Desk(), targets(1000)
    told: list[tuple[int, int]] = []
    desk.problems.listen(lambda new, solved: told.append((len(new), len(solved))))

    async def story() -> None:
        for each in everyone:
            desk.runtimes.says[each.workload.name] = refused()
        async with running(desk, pool(*everyone)):
            await asyncio.sleep(60)
            (problem,) = desk.problems.standing
            assert (problem.code, problem.reference) == ("runtime-not-answering", DISCOVERY)
            assert problem.message == (
                "A runtime does not answer: runtime-0000 (10.0.0.1:8000): Connection refused; "
                "runtime-0001 (10.0.0.2:8000): Connection refused; "
                "runtime-0002 (10.0.0.3:8000): Connection refused; and others"
            )
            desk.runtimes.says.clear()
            await asyncio.sleep(20)
            assert desk.problems.standing == []

    run(story())
    assert len(told) <= 4


def test_a_pool_that_is_gone_has_no_problems():
    desk = Desk()

    async def story() -> None:
        desk.runtimes.says["a"] = lists("m", "x" * 600)
        async with running(desk, pool(target())):
            await asyncio.sleep(5)
            (problem,) = desk.problems.standing
            assert problem.code == "models-left-out"
            desk.holdings.follow([])
            await asyncio.sleep(20)
            assert desk.problems.standing == []

    run(story())
