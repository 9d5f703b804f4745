"""The objects that a resource was made from, for the reader of a rejection."""

from __future__ import annotations

import pytest

from straightway.discovery import (
    CLUSTER,
    CLUSTER_LOAD_ASSIGNMENT,
    LISTENER,
    ROUTE_CONFIGURATION,
)
from straightway.snapshots.origins import origins_of
from tests.support.configs import entry, istio, service
from tests.support.world import GATEWAY_PROXY, SIDECAR, World


def gateway(name: str, port: int) -> str:
    spec = f"""
        selector: {{istio: gw}}
        servers: [{{port: {{number: {port}, name: http, protocol: HTTP}}, hosts: ['*']}}]
        """
    return istio("Gateway", name, spec)


def routes(name: str, hosts: str, gateways: str, to: str = "web") -> str:
    spec = f"""
        hosts: [{hosts}]
        gateways: [{gateways}]
        http: [{{route: [{{destination: {{host: {to}}}}}]}}]
        """
    return istio("VirtualService", name, spec)


WEB = "outbound|80||web.default.svc.cluster.local"
TEXTS = [
    gateway("gw", 80),
    gateway("other", 8080),
    service("web", "{name: http, port: 80}"),
    service("api", "{name: http, port: 80}"),
    istio("DestinationRule", "web", "{host: web, subsets: [{name: v1}]}"),
    istio("DestinationRule", "more", "{host: web.default, subsets: [{name: v2}]}"),
    istio("DestinationRule", "api", "host: api"),
    routes("one", "a.com", "gw, mesh"),
    routes("two", "b.a.com", "gw", "api"),
    routes("three", "c.com", "other"),
    entry("vm", {"app": "web"}),
    istio(
        "ASMGrpcJsonTranscoder",
        "json",
        "{isGateway: true, portNumber: 80, builtinProtoDescriptor: kserve_predict_v2}",
    ),
]


@pytest.fixture(scope="module")
def world() -> World:
    made = World(*TEXTS)
    made.hold([GATEWAY_PROXY, SIDECAR])
    return made


def origins(world: World, type_url: str, name: str, words: str = "", audience=GATEWAY_PROXY):
    found = origins_of(world.units, audience, type_url, name, words)
    return {f"{each.kind} {each.name}" for each in found}


def test_a_cluster_comes_from_its_service_and_all_its_rules(world):
    assert origins(world, CLUSTER, WEB) == {
        "Service web",
        "DestinationRule web",
        "DestinationRule more",
    }


def test_an_assignment_comes_from_its_workloads_too(world):
    assert origins(world, CLUSTER_LOAD_ASSIGNMENT, WEB) >= {"Service web", "WorkloadEntry vm"}


def test_a_listener_comes_from_its_transcoders_too(world):
    found = origins(world, LISTENER, "0.0.0.0_80")

    assert "ASMGrpcJsonTranscoder json" in found
    assert "VirtualService one" not in found


def test_routes_come_from_their_own_objects(world):
    found = origins(world, ROUTE_CONFIGURATION, "http.80")

    assert {"VirtualService one", "VirtualService two", "Gateway gw", "Service web"} <= found
    assert "VirtualService three" not in found
    assert origins(world, ROUTE_CONFIGURATION, "http.8080") >= {"VirtualService three"}


@pytest.mark.parametrize(
    ("words", "kept", "left_out"),
    [
        ("virtual host a.com:80: bad", "VirtualService one", "VirtualService two"),
        ("virtual host 'b.a.com:80' is bad", "VirtualService two", "VirtualService one"),
        ("in b.a.com:80.", "VirtualService two", "VirtualService one"),
    ],
)
def test_envoys_words_narrow_them_to_one_virtual_host(world, words, kept, left_out):
    found = origins(world, ROUTE_CONFIGURATION, "http.80", words)

    assert kept in found
    assert left_out not in found


@pytest.mark.parametrize("words", ["", "80", "a.com:8080", "xa.com:80", "something else"])
def test_words_that_name_none_narrow_nothing(world, words):
    assert origins(world, ROUTE_CONFIGURATION, "http.80", words) == origins(
        world, ROUTE_CONFIGURATION, "http.80"
    )


def test_a_sidecars_routes_are_narrowed_too(world):
    words = "Only unique values for domains are permitted: web.default.svc.cluster.local:80"
    found = origins(world, ROUTE_CONFIGURATION, "80", words, SIDECAR)

    assert "Service web" in found
    assert "Service api" not in found


def test_the_name_of_a_namespace_names_no_virtual_host(world):
    everything = origins(world, ROUTE_CONFIGURATION, "80", "", SIDECAR)

    assert origins(world, ROUTE_CONFIGURATION, "80", "the default route", SIDECAR) == everything


def test_what_is_not_sent_comes_from_nothing(world):
    assert origins(world, ROUTE_CONFIGURATION, "8080") == set()
    assert origins(world, CLUSTER, "outbound|81||web.default.svc.cluster.local") == set()
    assert origins(world, CLUSTER, "BlackHoleCluster") == set()
