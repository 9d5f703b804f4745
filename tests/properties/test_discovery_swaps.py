"""No request may meet a missing cluster, however services are swapped while messages travel."""

from __future__ import annotations

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
            ROUTE_CONFIGURATION: [resource(ROUTE_CONFIGURATION, "route", route)],
        },
    )


@pytest.mark.parametrize("variant", Variant)
@given(story=st.lists(st.tuples(snapshots, steps), min_size=1, max_size=6))
@settings(max_examples=300, deadline=None)
def test_a_route_never_goes_to_a_missing_cluster(
    variant: Variant, story: list[tuple[tuple[dict[str, str], set[str]], list[tuple[bool, str]]]]
):
    cache = Cache()
    envoys = [ModelEnvoy(cache, variant) for _ in range(2)]
    for envoy in envoys:
        serve(cache, {"a": "1"}, {"a"})
        settle(envoy)
    for (some, targets), moves in story:
        serve(cache, some, targets)
        for which, move in moves:
            envoy = envoys[which]
            match move:
                case "server reads":
                    envoy.server_reads()
                case "server sends":
                    envoy.server_sends()
                case "client reads":
                    envoy.client_reads()
            assert not envoy.missing

    some, targets = story[-1][0]
    for envoy in envoys:
        settle(envoy)
        assert envoy.active == some
        assert envoy.targets == targets
        assert not envoy.warming


def settle(envoy: ModelEnvoy) -> None:
    """Deliver everything."""
    moved = 0
    while envoy.server_reads() or envoy.server_sends() or envoy.client_reads():
        assert not envoy.missing
        moved += 1
        assert moved < 500, "client and server never fall silent"
