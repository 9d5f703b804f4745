"""Which audiences have snapshots, and when proxies are told apart anew."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest

from straightway.api import Gateway
from straightway.catalog import keys
from straightway.control.pace import Breath
from straightway.discovery import CLUSTER, CLUSTER_LOAD_ASSIGNMENT, LISTENER
from straightway.documents import Bundle
from straightway.proxies.audience import Audience, Proxy, Role
from tests.support.configs import bundle, istio, service
from tests.support.control import (
    API,
    ASSIGNMENT,
    AUDIENCE,
    CONFIG,
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
from tests.support.virtual_time import run

GATEWAY = Audience(Role.GATEWAY, "default")
UNCAPTURED = Audience(Role.SIDECAR, "default", captured=False)


def test_an_audience_has_a_snapshot_as_long_as_a_stream_wants_it():
    async def scenario():
        async with synced() as desk:
            desk.interest.audience_wanted(GATEWAY)
            await asyncio.sleep(1)
            assert GATEWAY in desk.cache
            desk.leave(GATEWAY)
            await asyncio.sleep(1)
            assert GATEWAY not in desk.cache
            desk.apply(workload("10.0.0.2"), service_file("more"))
            await asyncio.sleep(LONG)
            assert list(desk.cache.keys()) == [AUDIENCE]

    run(scenario())


def test_a_snapshot_that_is_dropped_leaves_nothing_behind():
    others = [
        Audience(Role.GATEWAY, "", (("a", "b"),)),
        Audience(Role.GATEWAY, "default", (("a", "b"),)),
        UNCAPTURED,
    ]

    async def scenario():
        async with synced(WEB, workload("10.0.0.1"), gateway_file("{a: b}")) as desk:
            remembered = len(desk.control._making.units)
            for audience in others:
                desk.interest.audience_wanted(audience)
            await asyncio.sleep(LONG)
            assert len(desk.control._making.units) > remembered
            for audience in others:
                desk.leave(audience)
            await asyncio.sleep(LONG)
            assert len(desk.control._making.units) == remembered

    run(scenario())


def test_an_audience_dropped_before_the_config_is_in_gets_none():
    async def scenario():
        async with running(Desk()) as desk:
            desk.leave(AUDIENCE)
            desk.apply(WEB)
            await desk.control.synced.wait()
            assert AUDIENCE not in desk.cache

    run(scenario())


def test_an_audience_that_comes_while_config_changes_is_served_and_gets_the_change():
    async def scenario():
        async with synced() as desk:
            desk.apply(service_file("api"))
            await asyncio.sleep(1)
            desk.interest.audience_wanted(UNCAPTURED)
            await asyncio.sleep(CONFIG.limit)
            assert API in desk.names(CLUSTER, UNCAPTURED)
            assert desk.names(CLUSTER_LOAD_ASSIGNMENT, UNCAPTURED) == desk.names(
                CLUSTER_LOAD_ASSIGNMENT
            )

    run(scenario())


def test_an_audience_dropped_while_it_is_made_gets_no_snapshot(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("straightway.control.loop.Breath", partial(Breath, 0.0))
    services = [service_file(f"s{number}") for number in range(20)]

    async def scenario():
        async with synced(*services, desk=Desk(wanted=[GATEWAY])) as desk:
            await asyncio.sleep(LONG)
            kept = len(desk.control._making.units)
            desk.interest.audience_wanted(AUDIENCE)
            for _ in range(10):
                await asyncio.sleep(0)
            assert AUDIENCE not in desk.cache
            assert len(desk.control._making.units) > kept, "it has not been begun"

            desk.leave(AUDIENCE)
            await asyncio.sleep(LONG)
            assert list(desk.cache.keys()) == [GATEWAY]
            assert len(desk.control._making.units) == kept

    run(scenario())


def test_a_snapshot_is_kept_for_a_while_after_the_last_stream():
    async def scenario():
        async with synced(desk=Desk(linger=30)) as desk:
            made = desk.control._making.units.made
            desk.leave(AUDIENCE)
            await asyncio.sleep(20)
            assert AUDIENCE in desk.cache
            desk.watch(AUDIENCE, lambda: None)
            await asyncio.sleep(LONG)
            assert AUDIENCE in desk.cache, "a stream has come back"
            assert desk.control._making.units.made == made

    run(scenario())


def test_a_snapshot_that_nobody_comes_back_to_is_dropped():
    async def scenario():
        async with synced(desk=Desk(linger=30)) as desk:
            desk.leave(AUDIENCE)
            await asyncio.sleep(LONG)
            assert AUDIENCE not in desk.cache

    run(scenario())


def test_an_audience_that_is_wanted_again_at_once_keeps_its_snapshot():
    async def scenario():
        async with synced() as desk:
            before = desk.resources()
            desk.leave(AUDIENCE)
            desk.watch(AUDIENCE, lambda: None)
            desk.interest.audience_wanted(AUDIENCE)
            await asyncio.sleep(LONG)
            assert desk.resources() == before
            assert desk.times == []

    run(scenario())


# --- Telling proxies apart ---

TRANSCODER = """
    isGateway: true
    workloadSelector: {labels: {tier: front}}
    builtinProtoDescriptor: kserve_predict_v2
"""


@pytest.mark.parametrize(
    "change",
    [
        gateway_file("{tier: front}"),
        bundle(service("front", "{port: 1}", selector={"tier": "front"}), "front.yaml"),
        bundle(istio("ASMGrpcJsonTranscoder", "t", TRANSCODER), "t.yaml"),
        bundle(istio("DestinationRule", "r", "{host: x}", "first-here"), "rule.yaml"),
        bundle(service("first", "{port: 1}", "first-here", selector={"app": "web"}), "s.yaml"),
    ],
    ids=["gateway", "service", "transcoder", "rule-in-namespace", "service-in-namespace"],
)
def test_proxies_are_told_apart_anew_when_labels_or_namespaces_come_or_go(change: Bundle):
    async def scenario():
        async with synced() as desk:
            assert desk.rekeyed == 1
            desk.apply(change)
            await asyncio.sleep(LONG)
            assert desk.rekeyed == 2
            desk.apply(Bundle(change.key))
            await asyncio.sleep(LONG)
            assert desk.rekeyed == 3

    run(scenario())


def test_proxies_are_not_told_apart_anew_for_anything_else():
    same_labels = bundle(service("more", "{port: 1}", selector={"app": "web"}), "more.yaml")

    async def scenario():
        async with synced(WEB, gateway_file("{app: web}"), workload("10.0.0.1")) as desk:
            for change in (
                workload("10.0.0.2", "other", tier="new"),
                routes_file("routes", "a.com"),
                gateway_file("{app: web}", "second", 81),
                same_labels,
                bundle(istio("DestinationRule", "r", "{host: web}"), "rule.yaml"),
                Bundle("gw.yaml"),
            ):
                desk.apply(change)
                await asyncio.sleep(LONG)
            assert len(desk.catalog.objects_at(keys.of_kind(Gateway))) == 1
            assert desk.rekeyed == 1

    run(scenario())


def test_a_proxy_moves_to_the_audience_that_new_config_makes_for_it():
    proxy = Proxy(Role.GATEWAY, "default", {"tier": "front", "hash": "x"})
    fronts = Audience(Role.GATEWAY, "default", (("tier", "front"),))

    async def scenario():
        async with synced(desk=Desk(proxies=[proxy], wanted=())) as desk:
            await asyncio.sleep(1)
            assert list(desk.cache.keys()) == [GATEWAY]
            desk.apply(gateway_file("{tier: front}"))
            await asyncio.sleep(LONG)
            assert desk.audiences == {fronts}
            assert desk.names(LISTENER, fronts) == ["0.0.0.0_80"]
            assert list(desk.cache.keys()) == [fronts]

    run(scenario())


def test_a_sidecar_gives_way_to_its_application_when_a_service_takes_that_port():
    proxy = Proxy(Role.SIDECAR, "default", {}, captured=False, own_ports=frozenset({8080}))

    async def scenario():
        async with synced(service_file("web"), desk=Desk(proxies=[proxy], wanted=())) as desk:
            await asyncio.sleep(1)
            assert desk.audiences == {UNCAPTURED}
            text = service("other", "{name: http, port: 8080}, {name: http-2, port: 81}")
            desk.apply(bundle(text, "other.yaml"))
            await asyncio.sleep(LONG)
            (audience,) = desk.audiences
            assert audience.own_ports == (8080,)
            assert desk.names(LISTENER, audience) == ["127.0.0.1_80", "127.0.0.1_81"]

    run(scenario())


# --- Their number ---


def test_the_config_alone_bounds_the_number_of_audiences():
    """Whatever namespaces and labels clients invent."""
    invented = [
        Proxy(role, f"invented-{number}", {"hash": str(number), "app": f"invented-{number}"})
        for number in range(200)
        for role in Role
    ]
    known = Proxy(Role.SIDECAR, "shop", {})

    async def scenario():
        desk = Desk(proxies=[*invented, known], wanted=())
        async with synced(WEB, service_file("cart", "shop"), desk=desk):
            await asyncio.sleep(LONG)
            assert desk.audiences == {
                Audience(Role.SIDECAR, ""),
                Audience(Role.GATEWAY, ""),
                Audience(Role.SIDECAR, "shop"),
            }
            assert set(desk.cache.keys()) == desk.audiences

    run(scenario())


def test_proxies_of_a_namespace_that_holds_nothing_get_what_there_is_for_all():
    nobodys = Audience(Role.SIDECAR, "")

    async def scenario():
        desk = Desk(wanted=[AUDIENCE, nobodys])
        async with synced(WEB, service_file("cart", "shop"), desk=desk):
            assert desk.names(CLUSTER, nobodys) == desk.names(CLUSTER)
            assert desk.names(LISTENER, nobodys) == desk.names(LISTENER)

    run(scenario())


# --- What goes ---


def test_an_assignment_goes_with_its_cluster():
    async def scenario():
        async with synced(WEB, service_file("api"), workload("10.0.0.1")) as desk:
            desk.apply(Bundle("default.api.yaml"))
            await asyncio.sleep(LONG)
            assert API not in desk.names(CLUSTER)
            assert desk.names(CLUSTER_LOAD_ASSIGNMENT) == [ASSIGNMENT]

    run(scenario())


def test_an_assignment_goes_when_its_cluster_finds_endpoints_in_another_way():
    by_name = """
        hosts: [web.default.svc.cluster.local]
        ports: [{number: 80, name: http, protocol: HTTP}]
        resolution: DNS
        endpoints: [{address: runtime.example.com}]
    """

    async def scenario():
        async with synced(WEB, workload("10.0.0.1")) as desk:
            desk.apply(Bundle("web.yaml"), bundle(istio("ServiceEntry", "web", by_name), "e.yaml"))
            await asyncio.sleep(LONG)
            assert ASSIGNMENT in desk.names(CLUSTER)
            assert desk.names(CLUSTER_LOAD_ASSIGNMENT) == []

            desk.apply(WEB, Bundle("e.yaml"))
            await asyncio.sleep(LONG)
            assert b"10.0.0.1" in desk.body(CLUSTER_LOAD_ASSIGNMENT, ASSIGNMENT)

    run(scenario())


def test_renamed_services_and_subsets_leave_nothing_behind():
    def rule(subset: str) -> Bundle:
        spec = f"{{host: web, subsets: [{{name: {subset}, labels: {{tier: x}}}}]}}"
        return bundle(istio("DestinationRule", "web", spec), "rule.yaml")

    async def scenario():
        async with synced(WEB, workload("10.0.0.1"), rule("s")) as desk:
            before = desk.resources()
            remembered = len(desk.control._making.units)
            for number in range(20):
                desk.apply(rule(f"s{number}"), service_file(f"x{number}"))
                await asyncio.sleep(LONG)
                desk.apply(Bundle(f"default.x{number}.yaml"))
            desk.apply(rule("s"))
            await asyncio.sleep(LONG)
            assert desk.resources() == before
            assert len(desk.control._making.units) == remembered

    run(scenario())
