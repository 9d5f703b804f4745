"""What a change checks again: the objects that it concerns, and no others."""

from __future__ import annotations

from collections import Counter

import pytest

from straightway.checks import check
from straightway.units import Call
from tests.support.configs import istio, service
from tests.support.world import World, counted

MANY = 20


def gateway(name: str, host: str = "*") -> str:
    server = f"{{port: {{number: 80, name: http, protocol: HTTP}}, hosts: ['{host}']}}"
    return istio("Gateway", name, f"selector: {{istio: gw}}\nservers: [{server}]")


def virtual_service(name: str, gateways: str, match: str = "") -> str:
    return istio(
        "VirtualService",
        name,
        f"""
        hosts: [{name}.com]
        gateways: [{gateways}]
        http: [{{match: [{match}], route: [{{destination: {{host: web}}}}]}}]
        """,
    )


def world_of(*texts: str) -> World:
    """A world with many VirtualServices at one Gateway, and its checks."""
    many = [virtual_service(f"vs-{index}", "gw") for index in range(MANY)]
    world = World(service("web", "{name: http, port: 80}"), gateway("gw"), *many, *texts)
    for reference in world.objects:
        if reference.kind == "VirtualService":
            world.units.hold(Call(check, (reference,)))
    return world


def checked_again(world: World, *texts: str) -> Counter[str]:
    """What a change makes, by the names of the functions."""
    with counted(world) as made:
        world.change(*texts)
        for call in world.units.take_stale():
            world.units.get(call)
    return made


def test_a_new_gateway_concerns_no_virtual_service_that_names_another():
    assert checked_again(world_of(), gateway("new")) == {}


@pytest.mark.parametrize(
    "waits", [virtual_service("v", "new"), virtual_service("v", "gw", "{gateways: [new]}")]
)
def test_a_new_gateway_concerns_the_virtual_services_that_wait_for_it(waits):
    world = world_of(waits)

    assert checked_again(world, gateway("new"))["check"] == 1
    assert not any(world.findings().values())


def test_a_new_gateway_concerns_those_that_may_have_meant_it():
    world = world_of(virtual_service("v", "newt"))

    assert checked_again(world, gateway("new")) == {"check": 1}
    [finding] = [each for found in world.findings().values() for each in found]
    assert 'Did you mean "default/new"?' in finding.message


def test_a_changed_gateway_concerns_the_virtual_services_that_name_it():
    world = world_of(gateway("other"), virtual_service("v", "other"))

    assert checked_again(world, gateway("other", "v.com"))["check"] == 1
    assert checked_again(world, gateway("gw", "*.com"))["check"] == MANY
