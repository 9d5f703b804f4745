"""The proof: after any changes, all that is sent and found is what it would be from scratch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from envoy.config.route.v3 import route_pb2
from google.protobuf import any_pb2
from hypothesis import given, settings
from hypothesis import strategies as st

from straightway.api import ApiObject
from straightway.catalog import Observation
from straightway.discovery import CLUSTER, CLUSTER_LOAD_ASSIGNMENT, ROUTE_CONFIGURATION
from straightway.documents import Reference
from straightway.proxies.audience import Audience, Role
from tests.support.interplay import versions
from tests.support.world import World

AUDIENCES = (
    Audience(Role.GATEWAY, "default", (("istio", "gw"),)),
    Audience(Role.GATEWAY, "shop", (("app", "a"), ("istio", "gw"))),
    Audience(Role.GATEWAY, "istio-system", (("istio", "gw"),)),
    Audience(Role.SIDECAR, "default"),
    Audience(Role.SIDECAR, "shop", captured=False),
    Audience(Role.SIDECAR, "", captured=False, own_ports=(80,)),
    Audience(Role.SIDECAR, ""),
    Audience(Role.GATEWAY, "default", (("istio", "gw"),), leaves_subsets=True, finds_keys=True),
    Audience(Role.SIDECAR, "default", leaves_subsets=True, finds_keys=True),
)
VERSIONS = versions()
OBJECT = st.sampled_from(sorted(VERSIONS)).flatmap(
    lambda reference: st.tuples(
        st.just(reference), st.sampled_from([None, *VERSIONS[reference], *VERSIONS[reference]])
    )
)
BATCH = st.lists(OBJECT, min_size=1, max_size=4).map(dict)
START = st.fixed_dictionaries(
    {}, optional={each: st.sampled_from(some) for each, some in VERSIONS.items()}
)
WORKLOADS = sorted(each for each in VERSIONS if each.kind in ("Pod", "WorkloadEntry"))
OBSERVED = st.tuples(
    st.sampled_from(WORKLOADS),
    st.dictionaries(
        st.sampled_from(["model", "v"]),
        st.builds(
            Observation, st.sampled_from([(), ("m",), ("m", "n")]), st.just(0.0), st.just("")
        ),
        max_size=2,
    ),
)


@settings(max_examples=25, deadline=None)
@given(START, st.lists(BATCH | OBSERVED, min_size=1, max_size=5), st.booleans())
def test_all_that_is_sent_and_found_is_as_if_made_from_scratch(start, steps, in_pieces):
    world = World()
    world.put(start)
    world.hold(AUDIENCES)
    for step in steps:
        if isinstance(step, tuple):
            world.observe(*step)
        else:
            world.put(step)
        agree(world, in_pieces=in_pieces)


def agree(world: World, *, in_pieces: bool) -> None:
    scratch = world.from_scratch()
    for audience in AUDIENCES:
        made = world.resources_in_pieces(audience) if in_pieces else world.resources(audience)
        expected = scratch.resources(audience)
        assert made.keys() == expected.keys()
        for key, resource in made.items():
            assert (key, resource) == (key, expected[key])
    assert world.findings() == scratch.findings()


@settings(max_examples=25, deadline=None)
@given(START)
def test_what_is_sent_names_nothing_twice_and_nothing_that_is_missing(start):
    world = World()
    world.put(start)
    for audience in AUDIENCES:
        sent = world.resources(audience)
        clusters = {name for url, name in sent if url == CLUSTER}
        for (url, name), resource in sent.items():
            if url == ROUTE_CONFIGURATION:
                routes = route_pb2.RouteConfiguration()
                assert any_pb2.Any.FromString(resource.body).Unpack(routes)
                domains = [each for host in routes.virtual_hosts for each in host.domains]
                assert len(set(domains)) == len(domains), domains
                assert _clusters_of(routes) <= clusters
            elif url == CLUSTER_LOAD_ASSIGNMENT:
                assert name in clusters


def _clusters_of(routes: route_pb2.RouteConfiguration) -> set[str]:
    actions = [route.route for host in routes.virtual_hosts for route in host.routes]
    named = {action.cluster for action in actions if action.cluster}
    return named | {each.name for action in actions for each in action.weighted_clusters.clusters}


def test_the_audiences_have_different_config_and_all_of_it() -> None:
    """Else the proof would prove little: what the objects say is seen by somebody."""
    first: Mapping[Reference, ApiObject] = {each: some[0] for each, some in VERSIONS.items()}
    world = World()
    world.put(first)
    sent = [world.resources(audience) for audience in AUDIENCES]

    assert all(len(each) > 1 for each in sent)
    assert len({tuple(sorted(each.items())) for each in map(_versions_of, sent)}) >= 4


def _versions_of(sent: Mapping[tuple[str, str], Any]) -> dict[tuple[str, str], str]:
    return {key: resource.version for key, resource in sent.items()}
