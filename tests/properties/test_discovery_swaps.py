"""No request may meet a missing cluster, however services are swapped while messages travel.

An Envoy takes all clusters; a client of gRPC names those that its route needs.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from straightway.discovery import (
    CLUSTER,
    CLUSTER_LOAD_ASSIGNMENT,
    LISTENER,
    ROUTE_CONFIGURATION,
    Cache,
    Variant,
)
from tests.support.conversation import KEY, resource
from tests.support.model_envoy import ModelEnvoy
from tests.support.model_grpc import ModelGrpcClient
from tests.support.route_client import ROUTE, RouteClient

clusters = st.dictionaries(st.sampled_from("abc"), st.sampled_from("12"), min_size=1)
snapshots = clusters.flatmap(
    lambda some: st.tuples(st.just(some), st.sets(st.sampled_from(sorted(some)), min_size=1))
)
# Of two Envoys, as streams that are equally far share what they are sent.
steps = st.lists(
    st.tuples(st.booleans(), st.sampled_from(("server reads", "server sends", "client reads"))),
    max_size=16,
)


def serve(cache: Cache, some: dict[str, str], targets: set[str]) -> None:
    route = "+".join(sorted(targets))
    cache.set(
        KEY,
        {
            CLUSTER: [
                resource(CLUSTER, name, v, eds_service_name=name) for name, v in some.items()
            ],
            CLUSTER_LOAD_ASSIGNMENT: [resource(CLUSTER_LOAD_ASSIGNMENT, name) for name in some],
            LISTENER: [resource(LISTENER, "listener")],
            ROUTE_CONFIGURATION: [resource(ROUTE_CONFIGURATION, ROUTE, route)],
        },
    )


Story = list[tuple[tuple[dict[str, str], set[str]], list[tuple[bool, str]]]]


@pytest.mark.parametrize("variant", Variant)
@given(story=st.lists(st.tuples(snapshots, steps), min_size=1, max_size=6))
@settings(max_examples=300, deadline=None)
def test_a_route_never_goes_to_a_missing_cluster(variant: Variant, story: Story):
    cache = Cache()
    envoys = [ModelEnvoy(cache, variant) for _ in range(2)]
    swap(cache, envoys, story)

    some, targets = story[-1][0]
    for envoy in envoys:
        assert envoy.active == some
        assert envoy.targets == targets
        assert not envoy.warming


@pytest.mark.parametrize("variant", Variant)
@given(story=st.lists(st.tuples(snapshots, steps), min_size=1, max_size=6))
@settings(max_examples=300, deadline=None)
def test_a_client_that_names_its_clusters_never_loses_one_that_it_uses(
    variant: Variant, story: Story
):
    cache = Cache()
    clients = [ModelGrpcClient(cache, variant) for _ in range(2)]
    swap(cache, clients, story)

    some, targets = story[-1][0]
    for client in clients:
        assert client.targets == targets
        assert client.held[CLUSTER] == {name: some[name] for name in targets}
        assert client.session.deadline is None, "a removal waits for nothing"


def swap(cache: Cache, clients: Sequence[RouteClient], story: Story) -> None:
    """Swap services while messages travel, and deliver everything at the end."""
    for client in clients:
        serve(cache, {"a": "1"}, {"a"})
        settle(client)
    for (some, targets), moves in story:
        serve(cache, some, targets)
        for which, move in moves:
            client = clients[which]
            match move:
                case "server reads":
                    client.server_reads()
                case "server sends":
                    client.server_sends()
                case "client reads":
                    client.client_reads()
            assert not client.missing
    for client in clients:
        settle(client)


def settle(client: RouteClient) -> None:
    """Deliver everything."""
    moved = 0
    while client.server_reads() or client.server_sends() or client.client_reads():
        assert not client.missing
        moved += 1
        assert moved < 500, "client and server never fall silent"
