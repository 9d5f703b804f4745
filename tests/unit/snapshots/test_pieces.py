"""Pieces: all that takes long to make, and nothing of what is up to date."""

from __future__ import annotations

import pytest

from straightway.proxies.audience import Audience
from straightway.snapshots import pieces_of, snapshot_of
from straightway.units import Call
from tests.support.configs import istio, service
from tests.support.world import GATEWAY_PROXY, SIDECAR, World

NUMBER = 100
GATEWAY = istio(
    "Gateway",
    "gw",
    """
    selector: {istio: gw}
    servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ['*']}]
    """,
)


def routes(index: int, path: str = "/") -> str:
    return istio(
        "VirtualService",
        f"r{index}",
        f"""
        hosts: [s{index}.default.svc.cluster.local]
        gateways: [gw, mesh]
        http:
        - match: [{{uri: {{prefix: {path}}}}}]
          route: [{{destination: {{host: s{index}}}}}]
        """,
    )


@pytest.fixture
def world() -> World:
    services = [service(f"s{index}", "{name: http, port: 80}") for index in range(NUMBER)]
    return World(GATEWAY, *services, *map(routes, range(NUMBER)))


def made(world: World, audience: Audience) -> int:
    """Make the pieces; return how many there were."""
    count = 0
    for piece in pieces_of(world.units, audience):
        world.units.get(piece)
        count += 1
    return count


@pytest.mark.parametrize("audience", [GATEWAY_PROXY, SIDECAR], ids=str)
def test_after_the_pieces_little_is_left_to_make(world: World, audience: Audience):
    with world.units.keeping():
        assert made(world, audience) > NUMBER
        before = world.units.made
        world.snapshot(audience)
        assert world.units.made - before < NUMBER / 2


@pytest.mark.parametrize("audience", [GATEWAY_PROXY, SIDECAR], ids=str)
def test_of_what_is_up_to_date_there_are_no_pieces(world: World, audience: Audience):
    world.units.hold(Call(snapshot_of, (audience,)))
    assert made(world, audience) == 0


@pytest.mark.parametrize("audience", [GATEWAY_PROXY, SIDECAR], ids=str)
def test_a_small_change_has_the_pieces_of_its_own_block(world: World, audience: Audience):
    world.units.hold(Call(snapshot_of, (audience,)))
    world.change(routes(7, "/other"))
    with world.units.keeping():
        assert 0 < made(world, audience) < NUMBER
