"""Assignments follow their workloads, whatever names these."""

from __future__ import annotations

import pytest
from envoy.config.endpoint.v3 import endpoint_pb2

from straightway.catalog import Observation
from straightway.discovery import CLUSTER_LOAD_ASSIGNMENT
from straightway.documents import Reference
from tests.support.configs import endpoint_slice, entry, istio, pod, service
from tests.support.proxy_config import decoded
from tests.support.world import SIDECAR, World, parsed

WEB = "outbound|80||web.default.svc.cluster.local"
SERVICE = service("web", "{name: http, port: 80}")
RULE = istio(
    "DestinationRule",
    "web",
    """
    host: web
    trafficPolicy: {loadBalancer: {dynamicSubset: {subsetSelectors: [{keys: [model]}]}}}
    """,
)


def held(world: World) -> dict[str, list[str]]:
    """The endpoints of the service, with the models that Envoy is told they hold."""
    resource = world.resources(SIDECAR)[CLUSTER_LOAD_ASSIGNMENT, WEB]
    message = decoded(resource, endpoint_pb2.ClusterLoadAssignment)
    found = {}
    for group in message.endpoints:
        for each in group.lb_endpoints:
            fields = each.metadata.filter_metadata["envoy.lb"].fields
            values = fields["model"].list_value.values if "model" in fields else ()
            found[each.endpoint.address.socket_address.address] = [
                value.string_value for value in values
            ]
    return found


def test_a_pod_that_an_endpoint_slice_alone_names_is_followed():
    target = "{addresses: [10.0.0.1], targetRef: {kind: Pod, name: web-abc}}"
    world = World(SERVICE, RULE, endpoint_slice("web-1", "web", target))
    world.hold([SIDECAR])
    assert held(world) == {"10.0.0.1": []}

    # The selector does not match it.
    world.change(pod("web-abc", {"model": "a"}))
    assert held(world) == {"10.0.0.1": ["a"]}

    world.change(pod("web-abc", {"model": "b"}))
    assert held(world) == {"10.0.0.1": ["b"]}

    (reference,) = parsed(pod("web-abc", {}))
    world.put({reference: None})
    assert held(world) == {"10.0.0.1": []}


def test_what_a_workload_was_observed_to_hold_is_followed():
    world = World(SERVICE, RULE, entry("vm", {"app": "web", "model": "a"}))
    world.hold([SIDECAR])
    vm = Reference("networking.istio.io", "WorkloadEntry", "default", "vm")

    world.observe(vm, {"model": Observation(("b", "c"), 1.0, "test")})
    assert held(world) == {"10.0.0.1": ["a", "b", "c"]}

    # Seen again: nothing differs.
    made = world.units.made
    world.observe(vm, {"model": Observation(("b", "c"), 2.0, "test")})
    assert held(world) == {"10.0.0.1": ["a", "b", "c"]}
    assert world.units.made == made

    world.observe(vm, {})
    assert held(world) == {"10.0.0.1": ["a"]}


@pytest.mark.parametrize("steps", [range(1, 140), range(140, 0, -1)], ids=["more", "fewer"])
def test_no_workload_is_lost_where_blocks_are_divided(steps):
    world = World(SERVICE, RULE)
    world.hold([SIDECAR])
    texts = [
        entry(f"vm-{index}", {"app": "web", "model": f"m{index}"}, f"10.0.0.{index}")
        for index in range(1, 141)
    ]
    workloads = [next(iter(parsed(text).items())) for text in texts]
    for count in steps:
        world.put({each: item if n < count else None for n, (each, item) in enumerate(workloads)})
        if count % 32 in (31, 0, 1):
            assert held(world) == {
                f"10.0.0.{index}": [f"m{index}"] for index in range(1, count + 1)
            }


def test_a_dual_stack_workload_is_one_endpoint_and_others_keep_theirs():
    target = "targetRef: {kind: Pod, name: %s}"
    both, only = target % "both", target % "only"
    world = World(
        SERVICE,
        endpoint_slice("four", "web", f"{{addresses: [10.0.0.1], {both}}}"),
        endpoint_slice(
            "six",
            "web",
            f"{{addresses: ['fd00::1'], {both}}}, {{addresses: ['fd00::2'], {only}}}, "
            "{addresses: ['fd00::3']}",
            address_type="IPv6",
        ),
    )
    assert set(held(world)) == {"10.0.0.1", "fd00::2", "fd00::3"}

    four = Reference("discovery.k8s.io", "EndpointSlice", "default", "four")
    world.put({four: None})
    assert set(held(world)) == {"fd00::1", "fd00::2", "fd00::3"}


@pytest.mark.parametrize("names", [("a", "b"), ("b", "a")])
def test_of_two_workloads_at_one_address_the_last_by_name_counts(names):
    """However they came, and whatever the blocks in which they stand."""
    world = World(SERVICE, RULE)
    world.hold([SIDECAR])
    for name in names:
        world.change(entry(name, {"app": "web", "model": name}))

    resource = world.resources(SIDECAR)[CLUSTER_LOAD_ASSIGNMENT, WEB]
    message = decoded(resource, endpoint_pb2.ClusterLoadAssignment)

    assert sum(len(group.lb_endpoints) for group in message.endpoints) == 1
    assert held(world) == {"10.0.0.1": ["b"]}
