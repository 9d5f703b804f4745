"""What vanishes at once stays in force for the grace time, and goes after it."""

from __future__ import annotations

import asyncio

from structlog.testing import capture_logs

from straightway.discovery import CLUSTER, CLUSTER_LOAD_ASSIGNMENT
from straightway.documents import Bundle
from straightway.logs.changes import ChangeLog
from straightway.logs.problems import log_problems
from tests.support.control import (
    API,
    ASSIGNMENT,
    CONFIG,
    LONG,
    WEB,
    Desk,
    service_file,
    synced,
    workload,
)
from tests.support.virtual_time import run

GRACE = 200.0
FIRST = (WEB, service_file("api"), workload("10.0.0.1"), workload("10.0.0.2", "b"))
GONE = [Bundle(each.key) for each in FIRST]


def test_what_vanishes_at_once_is_served_until_the_grace_time_is_over():
    async def scenario():
        async with synced(*FIRST, desk=Desk(grace=GRACE)) as desk:
            desk.problems.listen(log_problems)
            before = desk.resources()
            with capture_logs() as lines:
                desk.apply(*GONE)
                await asyncio.sleep(GRACE - 1)
                assert desk.resources() == before
                assert desk.times == []
                [problem] = desk.problems.standing
                assert problem.code == "vanished-at-once"

                await asyncio.sleep(2 + CONFIG.quiet)
                assert not {ASSIGNMENT, API} & set(desk.names(CLUSTER))
                assert desk.names(CLUSTER_LOAD_ASSIGNMENT) == []
                assert desk.problems.standing == []
            assert [line["event"] for line in lines] == ["problem", "problem solved"]

    run(scenario())


def test_the_end_of_the_grace_time_is_a_warning_that_names_what_is_removed():
    async def scenario():
        async with synced(*FIRST, desk=Desk(grace=GRACE, listener=ChangeLog(GRACE))) as desk:
            desk.apply(*GONE)
            await asyncio.sleep(GRACE - 1)
            with capture_logs() as lines:
                await asyncio.sleep(2)
            (line,) = [line for line in lines if line["log_level"] == "warning"]
            assert line["removed"] == "2 Services, 2 WorkloadEntries"
            assert line["reason"] == "missing for 200 s"
            assert line["objects"] == [
                "Service default/api",
                "Service default/web",
                "WorkloadEntry default/a",
                "WorkloadEntry default/b",
            ]

    run(scenario())


def test_what_comes_back_meanwhile_has_never_been_gone():
    async def scenario():
        async with synced(*FIRST, desk=Desk(grace=GRACE)) as desk:
            before = desk.resources()
            desk.apply(*GONE)
            await asyncio.sleep(GRACE / 2)
            desk.apply(*FIRST)
            await asyncio.sleep(LONG)
            assert desk.resources() == before
            assert desk.times == []
            assert desk.problems.standing == []

    run(scenario())


def test_what_does_not_come_back_goes_alone():
    async def scenario():
        async with synced(*FIRST, desk=Desk(grace=GRACE)) as desk:
            desk.apply(*GONE)
            await asyncio.sleep(GRACE / 2)
            desk.apply(*FIRST[:-1])
            await asyncio.sleep(GRACE / 2 - 1)
            assert b"10.0.0.2" in desk.body(CLUSTER_LOAD_ASSIGNMENT, ASSIGNMENT)
            await asyncio.sleep(2 + CONFIG.quiet)
            assert b"10.0.0.2" not in desk.body(CLUSTER_LOAD_ASSIGNMENT, ASSIGNMENT)
            assert b"10.0.0.1" in desk.body(CLUSTER_LOAD_ASSIGNMENT, ASSIGNMENT)

    run(scenario())


def test_what_vanishes_step_by_step_goes_step_by_step():
    second = (service_file("db"), service_file("cache"))

    async def scenario():
        async with synced(*FIRST, desk=Desk(grace=GRACE)) as desk:
            desk.apply(*GONE[2:])  # all workloads
            await asyncio.sleep(GRACE / 2)
            desk.apply(*second)
            await asyncio.sleep(1)
            desk.apply(*GONE[:2], *(Bundle(each.key) for each in second))
            await asyncio.sleep(GRACE / 2 - 1 + CONFIG.quiet)
            assert ASSIGNMENT in desk.names(CLUSTER)
            assert b"10.0.0.1" not in desk.body(CLUSTER_LOAD_ASSIGNMENT, ASSIGNMENT)
            await asyncio.sleep(GRACE)
            assert not {ASSIGNMENT, API} & set(desk.names(CLUSTER))

    run(scenario())


def test_without_a_grace_time_nothing_is_held():
    async def scenario():
        async with synced(*FIRST, desk=Desk(grace=0)) as desk:
            desk.apply(*GONE)
            await asyncio.sleep(1 + CONFIG.quiet)
            assert desk.names(CLUSTER_LOAD_ASSIGNMENT) == []

    run(scenario())
