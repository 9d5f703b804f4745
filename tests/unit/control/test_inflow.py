"""Large updates are taken in step by step: other tasks go on, and everything stays in order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

import pytest

from straightway.control.inflow import LARGE
from straightway.control.pace import Breath
from straightway.discovery import CLUSTER, CLUSTER_LOAD_ASSIGNMENT
from straightway.documents import Bundle
from tests.support.configs import bundle, entry, joined
from tests.support.control import (
    API,
    ASSIGNMENT,
    CONFIG,
    LONG,
    WEB,
    Desk,
    routes_file,
    running,
    service_file,
    synced,
    until,
    workload,
)
from tests.support.turns import Turns
from tests.support.virtual_time import run

NUMBER = 2 * LARGE
S0 = ASSIGNMENT.replace("web", "s0")


@pytest.fixture(autouse=True)
def _gives_way_after_every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("inflow", "loop"):
        monkeypatch.setattr(f"straightway.control.{module}.Breath", partial(Breath, 0.0))


def services() -> list[Bundle]:
    return [service_file(f"s{number}") for number in range(NUMBER)]


def workloads(network: int = 1) -> list[Bundle]:
    return [
        workload(f"10.{network}.{number // 200}.{number % 200}", f"w{number}")
        for number in range(NUMBER)
    ]


def gone(bundles: list[Bundle]) -> list[Bundle]:
    return [Bundle(each.key) for each in bundles]


async def turns_until(condition: Callable[[], bool]) -> int:
    """How many turns another task gets until something is so. No time goes by meanwhile."""
    turns = Turns()
    await until(condition)
    turns.stop()
    return turns.count


@pytest.mark.parametrize("is_gone", [False, True], ids=["comes", "goes"])
def test_other_tasks_run_while_much_config_comes_and_goes(is_gone: bool):
    async def scenario():
        async with synced(WEB, *(services() if is_gone else [])) as desk:
            await asyncio.sleep(LONG)
            desk.apply(*(gone(services()) if is_gone else services()))
            pending = desk.control._pending_config
            assert not pending, "nothing was read so far"
            assert await turns_until(lambda: len(pending) == NUMBER) > NUMBER / 10
            await asyncio.sleep(CONFIG.quiet)
            size = 1 if is_gone else 1 + NUMBER
            assert await turns_until(lambda: desk.catalog.size == size) > NUMBER / 100

    run(scenario())


@pytest.mark.parametrize("is_gone", [False, True], ids=["come", "go"])
def test_other_tasks_run_while_many_endpoints_come_and_go(is_gone: bool):
    async def scenario():
        async with synced(WEB, *(workloads() if is_gone else [])) as desk:
            await asyncio.sleep(LONG)
            desk.apply(*(gone(workloads()) if is_gone else workloads()))
            size = 1 if is_gone else 1 + NUMBER
            assert await turns_until(lambda: desk.catalog.size == size) > NUMBER / 10
            assert desk.control.mistakes == 0

    run(scenario())


def test_a_large_file_is_read_in_steps_too():
    text = joined([entry(f"w{n}", {"app": "web"}, f"10.1.0.{n}") for n in range(NUMBER)])

    async def scenario():
        async with synced() as desk:
            await asyncio.sleep(LONG)
            desk.apply(bundle(text, "workloads.yaml"))
            assert await turns_until(lambda: desk.catalog.size == NUMBER + 2) > NUMBER / 10

    run(scenario())


def test_nothing_is_in_force_before_a_large_first_listing_is():
    async def scenario():
        async with running(Desk()) as desk:
            desk.apply(*services(), synced=False)
            desk.apply(WEB)
            assert not desk.control.synced.is_set()
            await desk.control.synced.wait()
            assert {S0, ASSIGNMENT} <= set(desk.names(CLUSTER))
            assert desk.times == [0], "it is in force together"

    run(scenario())


def test_updates_that_come_while_a_large_one_is_taken_in_follow_it():
    """For one bundle, and for config in others: the latest version is in force at the end."""

    async def scenario():
        async with synced() as desk:
            desk.apply(*services())
            desk.apply(Bundle("default.s0.yaml"))
            desk.apply(*services())
            desk.apply(Bundle("default.s0.yaml"), service_file("api"))
            assert list(desk.intake.held_by("folder", "default.s0.yaml")) == []
            await asyncio.sleep(LONG)
            assert S0 not in desk.names(CLUSTER)
            assert {API, ASSIGNMENT.replace("web", "s1")} <= set(desk.names(CLUSTER))

    run(scenario())


def test_a_change_of_endpoints_overtakes_config_that_is_being_read():
    async def scenario():
        async with synced() as desk:
            desk.apply(*services())
            await asyncio.sleep(0)
            desk.apply(workload("10.0.0.2"))
            assert desk.control._pending_endpoints, "it was taken in at once"
            await asyncio.sleep(LONG)
            assert b"10.0.0.2" in desk.body(CLUSTER_LOAD_ASSIGNMENT, ASSIGNMENT)
            assert S0 in desk.names(CLUSTER)

    run(scenario())


def test_a_change_of_endpoints_at_any_step_of_a_large_update_is_in_force_at_the_end():
    """While the update is read, settled, put into the catalog, and made."""

    async def scenario():
        async with synced() as desk:
            desk.apply(*services())
            for number in range(NUMBER):
                desk.apply(workload(f"10.1.0.{number}"))
                await asyncio.sleep(0)
            await asyncio.sleep(LONG)
            assert b"10.1.0.199" in desk.body(CLUSTER_LOAD_ASSIGNMENT, ASSIGNMENT)
            assert desk.control.mistakes == 0

    run(scenario())


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (workloads(), [workload("10.9.9.9", "w0")]),
        ([*services(), workload("10.1.1.1", "b")], [workload("10.9.9.9")]),
        (services(), [Bundle("default.s0.yaml", workload("10.9.9.9").documents)]),
        (services(), [service_file("api")]),
    ],
    ids=["same-bundle", "endpoints-among-config", "same-bundle-other-kind", "config"],
)
def test_what_would_break_the_order_waits(first: list[Bundle], then: list[Bundle]):
    async def scenario():
        async with synced() as desk:
            desk.apply(*first)
            await asyncio.sleep(0)
            desk.apply(*then)
            assert not desk.control._pending_endpoints
            assert not desk.control._pending_config
            await asyncio.sleep(LONG)
            for each in then:
                held = {slot.reference for slot in desk.intake.held_by("folder", each.key)}
                assert all(desk.catalog.object(reference) is not None for reference in held)
                assert held

    run(scenario())


def test_objects_that_vanished_are_let_go_in_steps():
    async def scenario():
        async with synced(*workloads(), desk=Desk(grace=50)) as desk:
            desk.apply(*gone(workloads()))
            await asyncio.sleep(49)
            assert desk.catalog.size == NUMBER
            await asyncio.sleep(1)
            assert await turns_until(lambda: desk.catalog.size == 0) > NUMBER / 100

    run(scenario())


def test_a_problem_that_large_updates_have_is_told():
    broken = bundle("{apiVersion: v1, kind: Service, metadata: {name: x}}", "x.yaml")

    async def scenario():
        async with synced() as desk:
            desk.apply(*services(), broken, routes_file("r", "a.com"))
            await asyncio.sleep(LONG)
            assert "missing-field" in {each.code for each in desk.problems.standing}

    run(scenario())
