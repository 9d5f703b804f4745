"""Two APIs may have kinds of one name."""

from __future__ import annotations

from straightway.documents import Reference
from tests.support.configs import GATEWAY
from tests.support.world import World


def test_an_object_of_another_group_that_goes_takes_nothing_with_it():
    world = World(GATEWAY)
    other = Reference("gateway.networking.k8s.io", "Gateway", "default", "gw")

    assert world.put({other: None}) == set()
    assert world.catalog.size == 1
