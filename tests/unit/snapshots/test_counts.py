"""What a change makes: the units that it touches, and no others."""

from __future__ import annotations

import pytest

from straightway.discovery import LISTENER
from straightway.documents import at_once
from straightway.proxies.audience import Audience, Role
from straightway.snapshots import snapshot_of
from straightway.units import Call
from tests.support.configs import entry, istio, service
from tests.support.world import GATEWAY_PROXY, SIDECAR, World, made_by

ELSEWHERE = Audience(Role.SIDECAR, "other")
ALL = (GATEWAY_PROXY, SIDECAR, ELSEWHERE)
SERVICES = 20


def gateway(*ports: int) -> str:
    servers = "\n".join(
        f"- {{port: {{number: {port}, name: http, protocol: HTTP}}, hosts: ['*']}}"
        for port in ports
    )
    return istio("Gateway", "gw", f"selector: {{istio: gw}}\nservers:\n{servers}")


def routes(index: int, host: str = "", path: str = "/") -> str:
    return istio(
        "VirtualService",
        f"web-{index}",
        f"""
        hosts: [{host or f"web-{index}.com"}]
        gateways: [gw]
        http:
        - match: [{{uri: {{prefix: '{path}'}}}}]
          headerToDynamicSubsetKey: [{{header: model, key: model}}]
          route: [{{destination: {{host: web-{index}}}}}]
        """,
    )


def rule(index: int, subsets: str = "", pool: int = 5, namespace: str = "default") -> str:
    return istio(
        "DestinationRule",
        f"web-{index}",
        f"""
        host: web-{index}.default.svc.cluster.local
        trafficPolicy:
          connectionPool: {{tcp: {{maxConnections: {pool}}}}}
          loadBalancer: {{dynamicSubset: {{subsetSelectors: [{{keys: [model]}}]}}}}
        subsets: [{subsets}]
        """,
        namespace,
    )


def workload(index: int, model: str = "m", **more: str) -> str:
    return entry(f"web-{index}", {"app": f"web-{index}", "model": model, **more}, f"10.0.0.{index}")


def texts() -> list[str]:
    found = [gateway(80)]
    for index in range(SERVICES):
        found += [service(f"web-{index}", "{name: http, port: 80}"), routes(index), rule(index)]
        found += [workload(index)]
    return [*found, service("local", "{name: http, port: 80}", "other")]


@pytest.fixture
def world() -> World:
    made = World(*texts())
    made.hold(ALL)
    return made


def test_a_label_makes_its_block_and_its_assignment(world):
    assert made_by(world, ALL, workload(3, "m9")) == {"encoded_block": 1, "assignment": 1}


@pytest.mark.parametrize(
    "text",
    [
        entry(
            "web-3", {"app": "web-3", "model": "m"}, "10.0.0.3", annotations={"example.com/a": "b"}
        ),
        workload(3, team="x"),
    ],
)
def test_what_no_selector_names_makes_no_more_than_its_block(world, text):
    assert made_by(world, ALL, text) == {"encoded_block": 1}


def test_without_a_change_nothing_is_made(world):
    assert made_by(world, ALL) == {}


def test_a_route_makes_its_virtual_host_once_and_the_routes_that_have_it(world):
    made = made_by(world, ALL, routes(3, path="/new"))

    assert made == {
        "encoded_host": 1,
        "encoded_hosts": 1,
        "served_hosts": 1,
        "gateway_routes": 1,
        "snapshot_of": 1,
    }


def test_a_host_makes_its_virtual_host_again_and_no_other(world):
    made = made_by(world, ALL, routes(3, host="new.com"))

    assert made["encoded_host"] <= 2  # The one that is gone is made as well: it read the change.
    assert made["served_hosts"] == made["hosts_of"] == made["gateway_routes"] == 1
    assert not made.keys() & {"assignment", "cluster_resource", "encoded_service_host"}


def test_a_policy_makes_its_cluster_once_for_all_audiences(world):
    made = made_by(world, ALL, rule(3, pool=7))

    assert made["cluster_resource"] == made["cluster_of"] == made["rule_in"] == 1
    assert made["assignment"] == 1
    assert not made.keys() & {"encoded_host", "gateway_routes", "encoded_service_host"}


def test_a_named_subset_makes_its_cluster_and_its_assignment(world):
    made = made_by(world, ALL, rule(3, "{name: v1, labels: {version: v1}}"))

    # The cluster of all endpoints is looked at: its rule is another.
    assert made["cluster_resource"] <= 2
    assert made["assignment"] <= 2
    assert made["encoded_host"] <= 1


def test_a_service_makes_its_own_clusters_and_virtual_hosts(world):
    made = made_by(world, ALL, service("new", "{name: http, port: 80}"))

    assert made["cluster_resource"] == made["assignment"] == 1
    assert made["encoded_service_host"] <= 2  # One where its short name means it, one elsewhere.
    assert not made.keys() & {"encoded_host", "gateway_routes", "gateway_listener"}


def test_a_server_makes_its_listener_and_its_routes(world):
    made = made_by(world, ALL, gateway(80, 8080))

    assert made["gateway_listener"] == 1
    assert made["encoded_host"] <= SERVICES + 1
    assert not made.keys() & {"cluster_resource", "assignment", "encoded_service_host"}


def test_renamed_subsets_leave_nothing_behind(world):
    world.change(rule(3, "{name: v0, labels: {version: v1}}"))
    snapshot = len(world.resources(SIDECAR)), len(world.units)
    for number in range(200):
        world.change(rule(3, f"{{name: v{number}, labels: {{version: v1}}}}"))
        world.resources(SIDECAR)
    world.change(rule(3, "{name: v0, labels: {version: v1}}"))
    for audience in ALL:
        world.resources(audience)

    assert (len(world.resources(SIDECAR)), len(world.units)) == snapshot


def test_namespaces_with_the_same_config_share_all_but_their_short_names(world):
    before = world.units.made
    world.hold([Audience(Role.SIDECAR, "another")])
    made = world.units.made - before

    assert made <= 5


def test_a_namespace_with_rules_of_its_own_does_not_evict_what_others_have():
    world = World(*texts(), rule(3, pool=9, namespace="other"))
    world.hold(ALL)
    before = world.units.made
    for _ in range(3):
        for audience in ALL:
            world.resources(audience)

    assert world.units.made == before
    name = "outbound|80||web-3.default.svc.cluster.local"
    own, foreign = (
        {each.name: each for each in world.snapshot(audience).clusters}[name]
        for audience in (SIDECAR, ELSEWHERE)
    )
    assert own != foreign


def test_a_host_that_sidecars_call_is_looked_for_by_nobody_else(world):
    text = istio("VirtualService", "one", "hosts: [web-1]\nhttp: [{directResponse: {status: 200}}]")

    made = made_by(world, ALL, text)

    # One where the short name holds, one where it does not. Wildcards alone concern all others.
    assert made["encoded_service_host"] == 2


def test_a_server_that_goes_takes_its_listener_along(world):
    made_by(world, ALL, gateway(80, 8080))
    assert len(listeners(world)) == 2

    # A mistake would raise here: what was made for the server that is gone is made again.
    world.change(gateway(80))
    at_once(world.units.renewing(Call(snapshot_of, (GATEWAY_PROXY,))))
    assert len(listeners(world)) == 1


def listeners(world: World) -> list[str]:
    return [name for type_url, name in world.resources(GATEWAY_PROXY) if type_url == LISTENER]
