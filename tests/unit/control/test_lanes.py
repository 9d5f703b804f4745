"""When changes come in force: endpoints at once, all else when changes pause."""

from __future__ import annotations

import asyncio

import pytest

from straightway.control.loop import CONFIG as DEFAULT_CONFIG
from straightway.control.loop import ENDPOINTS_PAUSE
from straightway.discovery import CLUSTER, CLUSTER_LOAD_ASSIGNMENT
from straightway.documents import Bundle
from straightway.proxies.audience import Audience, Role
from tests.support.configs import bundle, endpoint_slice, entry, joined, pod, service
from tests.support.control import (
    API,
    ASSIGNMENT,
    AUDIENCE,
    CONFIG,
    LONG,
    PAUSE,
    WEB,
    changed,
    service_file,
    synced,
    workload,
)
from tests.support.virtual_time import run


def test_the_times_are_those_that_are_documented():
    assert ENDPOINTS_PAUSE == 0.010
    assert (DEFAULT_CONFIG.quiet, DEFAULT_CONFIG.limit) == (0.100, 1.0)


# --- Endpoints ---


def test_a_change_of_endpoints_goes_at_once():
    async def scenario():
        async with synced() as desk:
            await asyncio.sleep(7)
            desk.apply(workload("10.0.0.2"))
            await asyncio.sleep(LONG)
            assert desk.times == [7]

    run(scenario())


@pytest.mark.parametrize(
    "change",
    [
        entry("a", {"app": "web"}, "10.0.0.2"),
        pod("a", {"app": "web"}, "10.0.0.2"),
        endpoint_slice("web-1", "web", "{addresses: [10.0.0.2]}"),
    ],
    ids=["WorkloadEntry", "Pod", "EndpointSlice"],
)
def test_every_kind_of_workload_is_a_change_of_endpoints(change: str):
    async def scenario():
        async with synced(WEB) as desk:
            desk.apply(bundle(change, "change.yaml"))
            await asyncio.sleep(LONG)
            assert desk.times == [0]
            assert b"10.0.0.2" in desk.body(CLUSTER_LOAD_ASSIGNMENT, ASSIGNMENT)

            desk.apply(Bundle("change.yaml"))
            await asyncio.sleep(LONG)
            assert desk.times == [0, LONG]

    run(scenario())


def test_what_follows_a_change_of_endpoints_is_gathered():
    async def scenario():
        async with synced() as desk:
            desk.apply(workload("10.0.0.2"))
            for number in range(3, 6):
                await asyncio.sleep(PAUSE / 4)
                desk.apply(workload(f"10.0.0.{number}"))
            await asyncio.sleep(LONG)
            assert desk.times == [0, PAUSE]
            assert b"10.0.0.5" in desk.body(CLUSTER_LOAD_ASSIGNMENT, ASSIGNMENT)

    run(scenario())


def test_after_many_changes_of_endpoints_more_of_them_are_gathered():
    async def scenario():
        async with synced() as desk:
            desk.apply(*(workload(f"10.0.0.{number}", f"w{number}") for number in range(2, 12)))
            for _ in range(2):
                await asyncio.sleep(PAUSE / 4)
                desk.apply(workload("10.0.0.100"))
            await asyncio.sleep(LONG)
            desk.apply(workload("10.0.0.101"))
            await asyncio.sleep(PAUSE / 4)
            desk.apply(workload("10.0.0.102"))
            await asyncio.sleep(LONG)
            again = LONG + PAUSE / 2
            assert desk.times == [0, 3 * PAUSE, again, again + PAUSE]

    run(scenario())


def test_changes_of_endpoints_without_end_go_out_after_every_pause():
    async def scenario():
        async with synced() as desk:
            for number in range(2, 18):
                desk.apply(workload(f"10.0.0.{number}"))
                await asyncio.sleep(PAUSE / 4)
            assert desk.times[:4] == [PAUSE * number for number in range(4)]

    run(scenario())


def test_endpoints_alone_leave_every_other_resource_as_it_is():
    async def scenario():
        async with synced() as desk:
            before = desk.resources()
            desk.apply(workload("10.0.0.2"))
            await asyncio.sleep(LONG)
            assert changed(before, desk.resources()) == {(CLUSTER_LOAD_ASSIGNMENT, ASSIGNMENT)}

    run(scenario())


def test_what_changes_nothing_wakes_nobody():
    async def scenario():
        async with synced() as desk:
            desk.apply(workload("10.0.0.1", unread="x"))
            desk.apply(Bundle("unknown.yaml"))
            await asyncio.sleep(LONG)
            assert desk.times == []

    run(scenario())


def test_endpoints_are_not_sent_before_the_cluster_that_they_are_for():
    async def scenario():
        async with synced() as desk:
            desk.apply(service_file("api"))
            desk.apply(bundle(entry("api-1", {"app": "api"}), "api-1.yaml"))
            await asyncio.sleep(CONFIG.quiet / 2)
            assert API not in desk.names(CLUSTER_LOAD_ASSIGNMENT)
            await asyncio.sleep(LONG)
            assert API in desk.names(CLUSTER)
            assert b"10.0.0.1" in desk.body(CLUSTER_LOAD_ASSIGNMENT, API)

    run(scenario())


# --- All else ---


def test_all_else_waits_for_a_quiet_time():
    async def scenario():
        async with synced() as desk:
            desk.apply(service_file("one"))
            await asyncio.sleep(CONFIG.quiet - 1)
            desk.apply(service_file("two"))
            await asyncio.sleep(LONG)
            assert desk.times == [2 * CONFIG.quiet - 1]
            new = {ASSIGNMENT.replace("web", name) for name in ("one", "two")}
            assert new <= set(desk.names(CLUSTER))

    run(scenario())


def test_config_that_changes_without_end_comes_in_force_at_the_limit():
    async def scenario():
        async with synced() as desk:
            for number in range(9):
                desk.apply(service_file(f"s{number}"))
                await asyncio.sleep(CONFIG.quiet / 2)
            assert desk.times == [CONFIG.limit]

    run(scenario())


def test_endpoints_do_not_wait_behind_config_that_is_pending():
    async def scenario():
        async with synced() as desk:
            desk.apply(service_file("one"))
            desk.apply(workload("10.0.0.2"))
            await asyncio.sleep(2)
            desk.apply(workload("10.0.0.3"))
            await asyncio.sleep(LONG)
            assert desk.times == [0, 2, CONFIG.quiet]

    run(scenario())


def test_endpoints_in_one_file_with_config_do_not_wait_for_it():
    endpoint = entry("a", {"app": "web"}, "10.0.0.2")
    other = service("other", "{name: http, port: 81}")

    async def scenario():
        async with synced() as desk:
            desk.apply(bundle(joined([endpoint, other]), "a.yaml"))
            await asyncio.sleep(LONG)
            assert desk.times == [0, CONFIG.quiet]

    run(scenario())


def test_a_change_while_another_is_put_in_force_is_not_lost():
    async def scenario():
        async with synced() as desk:
            late = [service_file("api"), workload("10.0.0.3")]

            def change() -> None:
                if late:
                    desk.apply(late.pop())

            desk.cache.watch(AUDIENCE, change)
            desk.apply(workload("10.0.0.2"))
            await asyncio.sleep(LONG)
            assert b"10.0.0.3" in desk.body(CLUSTER_LOAD_ASSIGNMENT, ASSIGNMENT)
            assert API in desk.names(CLUSTER)

    run(scenario())


def test_what_came_and_went_while_it_was_pending_changes_nothing():
    async def scenario():
        async with synced() as desk:
            desk.apply(service_file("one"))
            desk.apply(Bundle("default.one.yaml"))
            await asyncio.sleep(LONG)
            assert desk.times == []

    run(scenario())


def test_an_object_that_one_file_hands_to_another_is_there_all_the_time():
    async def scenario():
        async with synced() as desk:
            desk.apply(Bundle("web.yaml"), Bundle("elsewhere.yaml", WEB.documents))
            await asyncio.sleep(LONG)
            assert desk.times == []

    run(scenario())


def test_new_proxies_do_not_wait_until_changes_of_config_pause():
    async def scenario():
        async with synced() as desk:
            gateway = Audience(Role.GATEWAY, "default")
            desk.apply(service_file("api"))
            await asyncio.sleep(1)
            desk.interest.audience_wanted(gateway)
            await asyncio.sleep(1)
            assert gateway in desk.cache, "it has what is in force"
            assert desk.times == [], "the change waits all the same"
            await asyncio.sleep(LONG)
            assert desk.times == [CONFIG.quiet]

    run(scenario())
