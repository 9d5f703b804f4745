"""When changes come in force, and for whom."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from structlog.testing import capture_logs

from straightway.control.loop import Control, Debounce
from straightway.discovery import (
    CLUSTER,
    CLUSTER_LOAD_ASSIGNMENT,
    LISTENER,
    RESOURCE_TYPES,
    Cache,
)
from straightway.documents import Bundle
from straightway.logs.problems import log_problems
from straightway.proxies.audience import Audience, Proxy, Role
from straightway.snapshots.snapshot import Encoder
from straightway.sources import Update
from tests.support.configs import bundle, entry, istio, service
from tests.support.virtual_time import run

ENDPOINTS = Debounce(quiet=1, limit=4)
CONFIG = Debounce(quiet=10, limit=40)
AUDIENCE = Audience(Role.SIDECAR, "default")
ASSIGNMENT = "outbound|80||web.default.svc.cluster.local"

WEB = bundle(service("web", "{name: http, port: 80}"), "web.yaml")


def workload(address: str, name: str = "a") -> Bundle:
    return bundle(entry(name, {"app": "web"}, address), f"{name}.yaml")


class Desk:
    """A control loop that runs, and the times at which its one audience was sent something new."""

    def __init__(self) -> None:
        self.cache = Cache()
        self.control = Control(self.cache, endpoints=ENDPOINTS, config=CONFIG)
        self.control.problems.listen(log_problems)
        self.times: list[float] = []
        self.cache.watch(AUDIENCE, lambda: self.times.append(asyncio.get_running_loop().time()))
        self.control.want(AUDIENCE)

    def apply(self, *bundles: Bundle, synced: bool = True) -> None:
        self.control.apply(Update(bundles, synced))

    def resources(self) -> dict[tuple[str, str], object]:
        return {
            (url, name): resource
            for url in RESOURCE_TYPES
            for name, resource in self.cache.get(AUDIENCE, url).items()
        }


@asynccontextmanager
async def running() -> AsyncIterator[Desk]:
    desk = Desk()
    task = asyncio.create_task(desk.control.run())
    try:
        yield desk
    finally:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


@asynccontextmanager
async def synced() -> AsyncIterator[Desk]:
    """A control loop with its first config in force, at time 0."""
    async with running() as desk:
        desk.apply(WEB, workload("10.0.0.1"))
        await desk.control.synced.wait()
        desk.times.clear()
        yield desk


def test_nothing_is_served_before_the_first_full_listing():
    async def scenario():
        async with running() as desk:
            desk.apply(WEB, synced=False)
            await asyncio.sleep(1000)
            assert AUDIENCE not in desk.cache

            desk.apply(workload("10.0.0.1"))
            await desk.control.synced.wait()
            assert (CLUSTER, ASSIGNMENT) in desk.resources()

    run(scenario())


def test_the_first_full_listing_is_in_force_at_once():
    async def scenario():
        async with running() as desk:
            desk.apply(WEB)
            await desk.control.synced.wait()
            assert desk.times == [0]

    run(scenario())


def test_an_empty_listing_is_a_listing():
    async def scenario():
        async with running() as desk:
            desk.apply()
            await desk.control.synced.wait()
            assert AUDIENCE in desk.cache

    run(scenario())


def test_endpoints_alone_wait_for_a_short_quiet_time():
    async def scenario():
        async with synced() as desk:
            desk.apply(workload("10.0.0.2"))
            await asyncio.sleep(100)
            assert desk.times == [ENDPOINTS.quiet]

    run(scenario())


def test_all_else_waits_longer_and_takes_the_endpoints_along():
    async def scenario():
        async with synced() as desk:
            desk.apply(workload("10.0.0.2"))
            desk.apply(bundle(service("other", "{name: http, port: 81}"), "other.yaml"))
            await asyncio.sleep(100)
            assert desk.times == [CONFIG.quiet]

    run(scenario())


def test_changes_that_come_together_go_out_together():
    async def scenario():
        async with synced() as desk:
            for number in range(3):
                desk.apply(workload(f"10.0.1.{number}"))
                await asyncio.sleep(ENDPOINTS.quiet / 2)
            await asyncio.sleep(100)
            assert desk.times == [ENDPOINTS.quiet * 2]

    run(scenario())


def test_changes_without_end_go_out_at_the_limit():
    async def scenario():
        async with synced() as desk:
            for number in range(16):
                desk.apply(workload(f"10.0.1.{number}"))
                await asyncio.sleep(ENDPOINTS.quiet / 2)
            assert desk.times[0] == ENDPOINTS.limit

    run(scenario())


def test_a_change_while_another_is_put_in_force_is_not_lost():
    async def scenario():
        async with synced() as desk:
            late = [workload("10.0.0.3")]

            def change() -> None:
                if late:
                    desk.apply(late.pop())

            desk.cache.watch(AUDIENCE, change)
            desk.apply(workload("10.0.0.2"))
            await asyncio.sleep(100)
            assert desk.times == [ENDPOINTS.quiet, ENDPOINTS.quiet * 2]

    run(scenario())


def test_endpoints_alone_leave_every_other_resource_as_it_is():
    async def scenario():
        async with synced() as desk:
            before = desk.resources()
            desk.apply(workload("10.0.0.2"))
            await asyncio.sleep(100)
            after = desk.resources()
            assert before.keys() == after.keys()
            changed = [key for key, resource in after.items() if resource is not before[key]]
            assert changed == [(CLUSTER_LOAD_ASSIGNMENT, ASSIGNMENT)]

    run(scenario())


def test_what_changes_nothing_wakes_nobody():
    async def scenario():
        async with synced() as desk:
            desk.apply(bundle(entry("a", {"app": "web", "unread": "x"}, "10.0.0.1"), "a.yaml"))
            await asyncio.sleep(100)
            assert desk.times == []

    run(scenario())


def test_an_audience_is_kept_until_nobody_wants_it():
    async def scenario():
        async with synced() as desk:
            gateway = Audience(Role.GATEWAY, "default")
            desk.control.want(gateway)
            assert gateway in desk.cache
            desk.control.drop(gateway)
            assert gateway not in desk.cache
            desk.apply(workload("10.0.0.2"))
            await asyncio.sleep(100)
            assert gateway not in desk.cache

    run(scenario())


def test_an_audience_dropped_before_the_config_is_in_gets_none():
    async def scenario():
        async with running() as desk:
            desk.control.drop(AUDIENCE)
            desk.apply(WEB)
            await desk.control.synced.wait()
            assert AUDIENCE not in desk.cache

    run(scenario())


def test_new_selector_keys_tell_proxies_apart_anew():
    gateway = """
        selector: {tier: front}
        servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ['*']}]
    """

    async def scenario():
        async with synced() as desk:
            rekeyed = []
            desk.control.rekey = lambda: rekeyed.append(desk.control.audience_of(proxy))
            proxy = Proxy(Role.GATEWAY, "default", {"tier": "front", "hash": "x"})
            desk.apply(bundle(istio("Gateway", "gw", gateway), "gateway.yaml"))
            await asyncio.sleep(100)

            expected = Audience(Role.GATEWAY, "default", (("tier", "front"),))
            assert rekeyed == [expected]
            desk.control.want(expected)
            assert list(desk.cache.get(expected, LISTENER)) == ["0.0.0.0_80"]

    run(scenario())


def test_a_resource_is_traced_to_the_objects_and_their_places():
    async def scenario():
        async with synced() as desk:
            assert desk.control.origins(AUDIENCE, ASSIGNMENT) == ["Service default/web (web.yaml)"]
            assert desk.control.origins(AUDIENCE, "unknown") == []
            assert desk.control.origins("nobody", ASSIGNMENT) == []

    run(scenario())


def test_problems_are_logged_once_and_once_more_when_solved():
    async def scenario():
        async with synced() as desk:
            with capture_logs() as lines:
                desk.apply(bundle("{apiVersion: v1, kind: Service, metadata: {name: x}}", "x.yaml"))
                await asyncio.sleep(100)
                desk.apply(workload("10.0.0.2"))
                await asyncio.sleep(100)
                desk.apply(Bundle("x.yaml"))
                await asyncio.sleep(100)
            assert [(line["event"], line.get("code")) for line in lines] == [
                ("problem", "missing-field"),
                ("problem solved", "missing-field"),
            ]

    run(scenario())


def test_proxies_that_lose_all_they_served_are_warned_of_once():
    def gateway(selector: str) -> Bundle:
        server = "{port: {number: 80, name: http, protocol: HTTP}, hosts: ['*']}"
        spec = f"{{selector: {{tier: {selector}}}, servers: [{server}]}}"
        return bundle(istio("Gateway", "gw", spec), "gateway.yaml")

    async def scenario():
        async with synced() as desk:
            desk.apply(gateway("front"))
            await asyncio.sleep(100)
            desk.control.want(Audience(Role.GATEWAY, "default", (("tier", "front"),)))
            with capture_logs() as lines:
                desk.apply(gateway("frnt"))
                await asyncio.sleep(100)
                desk.apply(bundle(service("api", "{name: http, port: 80}"), "api.yaml"))
                await asyncio.sleep(100)
            assert [line["event"] for line in lines] == ["proxies have nothing to serve"]

    run(scenario())


def test_other_kinds_are_named_in_the_log():
    async def scenario():
        async with synced() as desk:
            with capture_logs() as lines:
                desk.apply(bundle("{apiVersion: v1, kind: Secret, metadata: {name: x}}", "x.yaml"))
            assert [line["object"] for line in lines] == ["x.yaml: Secret (v1)"]

    run(scenario())


def test_a_mistake_in_one_audiences_translation_harms_no_other_and_is_tried_again(monkeypatch):
    other = Audience(Role.SIDECAR, "shop")
    translate = Encoder.snapshot

    def fail(encoder, catalog, audience):
        if audience == other:
            raise ValueError("our mistake")
        return translate(encoder, catalog, audience)

    async def scenario():
        async with synced() as desk:
            desk.control.want(other)
            before = dict(desk.cache.get(other, CLUSTER))
            with monkeypatch.context() as broken, capture_logs() as lines:
                broken.setattr(Encoder, "snapshot", fail)
                desk.apply(bundle(service("more", "{name: http, port: 81}"), "more.yaml"))
                await asyncio.sleep(100)
            assert [line["audience"] for line in lines if line["log_level"] == "error"] == [
                "sidecar/shop"
            ]
            assert desk.cache.get(other, CLUSTER) == before
            assert len(desk.cache.get(AUDIENCE, CLUSTER)) > len(before)

            desk.apply(bundle(service("most", "{name: http, port: 82}"), "most.yaml"))
            await asyncio.sleep(100)
            assert desk.cache.get(other, CLUSTER) == desk.cache.get(AUDIENCE, CLUSTER)

    run(scenario())
