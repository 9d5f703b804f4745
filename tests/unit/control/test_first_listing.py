"""Nothing is served before every source has its first listing in."""

from __future__ import annotations

import asyncio

from structlog.testing import capture_logs

from straightway.discovery import CLUSTER, CLUSTER_LOAD_ASSIGNMENT, LISTENER
from straightway.documents import Bundle
from straightway.proxies.audience import Audience, Proxy, Role
from tests.support.configs import bundle
from tests.support.control import (
    API,
    AUDIENCE,
    LONG,
    WEB,
    Desk,
    gateway_file,
    routes_file,
    running,
    service_file,
    synced,
    workload,
)
from tests.support.control import ASSIGNMENT as WEB_CLUSTER
from tests.support.virtual_time import run


def test_nothing_is_served_before_the_first_full_listing():
    async def scenario():
        async with running(Desk()) as desk:
            desk.apply(WEB, synced=False)
            await asyncio.sleep(LONG)
            assert AUDIENCE not in desk.cache
            assert not desk.control.synced.is_set()

            desk.apply(workload("10.0.0.1"))
            await desk.control.synced.wait()
            assert WEB_CLUSTER in desk.names(CLUSTER)

    run(scenario())


def test_the_first_full_listing_is_in_force_at_once():
    async def scenario():
        async with running(Desk()) as desk:
            desk.apply(WEB)
            await desk.control.synced.wait()
            assert desk.times == [0]

    run(scenario())


def test_an_empty_listing_is_a_listing():
    async def scenario():
        async with running(Desk()) as desk:
            desk.apply()
            await desk.control.synced.wait()
            assert AUDIENCE in desk.cache

    run(scenario())


def test_nothing_is_served_before_the_last_of_several_sources_is_synced():
    async def scenario():
        async with running(Desk(["folder", "cluster"])) as desk:
            desk.apply(WEB, source="folder")
            desk.apply(workload("10.0.0.1"), source="folder")
            await asyncio.sleep(LONG)
            assert AUDIENCE not in desk.cache

            desk.apply(service_file("api"), source="cluster", synced=False)
            await asyncio.sleep(LONG)
            assert AUDIENCE not in desk.cache

            desk.apply(source="cluster")
            await desk.control.synced.wait()
            assert {WEB_CLUSTER, API} <= set(desk.names(CLUSTER))

    run(scenario())


def test_the_first_snapshot_has_the_endpoints_of_the_first_listing():
    async def scenario():
        async with running(Desk()) as desk:
            desk.apply(workload("10.0.0.1"), synced=False)
            desk.apply(WEB)
            await desk.control.synced.wait()
            assert b"10.0.0.1" in desk.body(CLUSTER_LOAD_ASSIGNMENT, WEB_CLUSTER)
            await asyncio.sleep(LONG)
            assert desk.times == [0]

    run(scenario())


def test_equal_keys_of_two_sources_do_not_delete_each_other():
    async def scenario():
        async with running(Desk(["folder", "cluster"])) as desk:
            desk.apply(Bundle("one", service_file("web").documents), source="folder")
            desk.apply(Bundle("one", service_file("api").documents), source="cluster")
            await desk.control.synced.wait()
            both = desk.names(CLUSTER)
            assert {WEB_CLUSTER, API} <= set(both)

            desk.apply(Bundle("one"), source="cluster")
            await asyncio.sleep(LONG)
            assert set(both) - set(desk.names(CLUSTER)) == {API}

    run(scenario())


def test_a_proxy_that_came_before_the_config_gets_what_selects_its_labels():
    labels = {"istio": "ingressgateway"}
    proxy = Proxy(Role.GATEWAY, "istio-system", {**labels, "pod-template-hash": "abc"})

    async def scenario():
        async with running(Desk(proxies=[proxy], wanted=())) as desk:
            assert desk.audiences == {Audience(Role.GATEWAY, "")}
            desk.apply(gateway_file("{istio: ingressgateway}"))
            await desk.control.synced.wait()

            expected = Audience(Role.GATEWAY, "", tuple(labels.items()))
            assert desk.audiences == {expected}
            assert desk.names(LISTENER, expected) == ["0.0.0.0_80"]
            await asyncio.sleep(LONG)
            assert list(desk.cache.keys()) == [expected]

    run(scenario())


def test_the_log_says_once_what_the_first_config_holds():
    broken = bundle("{apiVersion: v1, kind: Service, metadata: {name: x}}", "x.yaml")
    first = (WEB, gateway_file("{a: b}"), routes_file("routes", "a.com"), broken)

    async def scenario():
        async with synced(*first) as desk:
            desk.apply(service_file("more"))
            await asyncio.sleep(LONG)

    with capture_logs() as lines:
        run(scenario())
    [line] = [line for line in lines if line["event"] == "config in force"]
    assert line == {
        "event": "config in force",
        "log_level": "warning",
        "errors": 1,
        "services": 1,
        "gateways": 1,
        "virtual_services": 1,
    }
