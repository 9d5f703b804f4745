"""What one audience is sent, encoded: what changes, and what does not."""

from __future__ import annotations

import pytest

from straightway.api import ApiObject
from straightway.catalog import Catalog, Impact
from straightway.discovery import CLUSTER, CLUSTER_LOAD_ASSIGNMENT, RESOURCE_TYPES, Resource
from straightway.documents import Reference
from straightway.intake import Intake
from straightway.proxies.audience import Audience, Role
from straightway.snapshots.snapshot import Encoder, Snapshot
from tests.support.configs import bundle, entry, istio, service

GATEWAY = Audience(Role.GATEWAY, "default")
SIDECAR = Audience(Role.SIDECAR, "default")
WEB = "outbound|80||web.default.svc.cluster.local"
RULE = """
    host: web
    trafficPolicy: {loadBalancer: {dynamicSubset: {subsetSelectors: [{keys: [model]}]}}}
    subsets: [{name: v1, labels: {version: v1}}]
"""
TEXTS = [
    istio(
        "Gateway",
        "gw",
        "{selector: {}, servers: [{port: {number: 80, name: h, protocol: HTTP}, hosts: ['*']}]}",
    ),
    service("web", "{name: http, port: 80}"),
    service("other", "{name: http, port: 80}"),
    istio("DestinationRule", "web", RULE),
    istio(
        "VirtualService",
        "all",
        """
        hosts: ['*']
        gateways: [gw, mesh]
        http:
        - match: [{uri: {prefix: /other}}]
          route: [{destination: {host: other}}]
        - match: [{uri: {prefix: /v1}}]
          route: [{destination: {host: web, subset: v1}}]
        - route: [{destination: {host: web}}]
        """,
    ),
    entry("a", {"app": "web", "model": "m1", "version": "v1"}, "10.0.0.1"),
    entry("b", {"app": "web", "model": "m2"}, "10.0.0.2"),
]
AUDIENCES = pytest.mark.parametrize("audience", [GATEWAY, SIDECAR], ids=str)


class World:
    """Config that changes, and one audience's snapshots of it."""

    def __init__(self, audience: Audience = GATEWAY, texts: list[str] = TEXTS) -> None:
        self.audience = audience
        self.encoder = Encoder()
        self.catalog = Catalog()
        self.change(*texts)

    def change(self, *texts: str) -> Impact:
        changes: dict[Reference, ApiObject | None] = {}
        for text in texts:
            changes |= Intake().apply("folder", [bundle(text)], now=0.0).changes
        self.catalog, impact = self.catalog.changed(changes)
        self.encoder.forget(impact, self.catalog)
        return impact

    def snapshot(self) -> Snapshot:
        return self.encoder.snapshot(self.catalog, self.audience)

    def resources(self) -> dict[tuple[str, str], Resource]:
        return {
            (url, name): resource
            for url, of_type in self.snapshot().resources.items()
            for name, resource in of_type.items()
        }

    def changed_by(self, *texts: str) -> set[str]:
        """The names of the resources that a change makes others."""
        before = self.resources()
        self.change(*texts)
        after = self.resources()
        return {
            key[1]
            for key in before.keys() | after.keys()
            if before.get(key) is None
            or after.get(key) is None
            or before[key].version != after[key].version
        }


@AUDIENCES
def test_the_same_config_has_the_same_versions_whatever_its_order(audience):
    one, other = World(audience), World(audience, TEXTS[::-1])

    assert one.resources() == other.resources()


@AUDIENCES
def test_a_label_of_a_selector_changes_the_assignments_of_its_service_alone(audience):
    world = World(audience)
    moved = entry("a", {"app": "web", "model": "m9", "version": "v1"}, "10.0.0.1")

    assert world.changed_by(moved) == {WEB, WEB.replace("||", "|v1|")}


@AUDIENCES
def test_a_label_that_no_selector_names_changes_nothing(audience):
    text = entry("b", {"app": "web", "model": "m2", "team": "x"}, "10.0.0.2")

    assert World(audience).changed_by(text) == set()


def test_a_subset_is_changed_by_its_own_endpoints_alone():
    text = entry("b", {"app": "web", "model": "m9"}, "10.0.0.2")

    assert World().changed_by(text) == {WEB}


@AUDIENCES
def test_unchanged_clusters_keep_their_encoded_resource(audience):
    world = World(audience)
    before = world.snapshot().resources[CLUSTER]
    world.change(istio("DestinationRule", "web", "host: web"))
    after = world.snapshot().resources[CLUSTER]

    other = WEB.replace("web", "other", 1)
    assert after[other] is before[other]
    assert after[WEB] is not before[WEB]


def test_a_rule_that_names_other_keys_changes_cluster_and_assignment():
    world = World()
    before = world.resources()
    world.change(istio("DestinationRule", "web", RULE.replace("model", "version")))
    after = world.resources()

    for url in (CLUSTER, CLUSTER_LOAD_ASSIGNMENT):
        assert after[url, WEB].version != before[url, WEB].version


def test_the_short_way_gives_what_the_long_way_gives():
    world = World()
    snapshot = world.snapshot()
    impact = world.change(entry("c", {"app": "web", "model": "m3"}, "10.0.0.3"))

    short = world.encoder.assignments(world.catalog, snapshot, impact.endpoints)

    long = world.snapshot().resources[CLUSTER_LOAD_ASSIGNMENT]
    assert {each.name: each for each in short} == {
        name: each for name, each in long.items() if "web" in name
    }


def test_a_service_that_comes_back_is_made_anew():
    world = World()
    before = world.resources()
    reference = Reference("", "Service", "default", "web")
    web = world.catalog.objects["Service"][reference]
    for after in (None, web):
        world.catalog, impact = world.catalog.changed({reference: after})
        world.encoder.forget(impact, world.catalog)

    assert world.resources() == before


def test_envoy_waits_for_the_assignments_of_clusters_with_eds_alone():
    world = World()
    world.change(istio("DestinationRule", "other", PASSTHROUGH))
    snapshot = world.snapshot()

    warming = {each.eds_service_name for each in snapshot.resources[CLUSTER].values()} - {""}

    assert warming == snapshot.resources[CLUSTER_LOAD_ASSIGNMENT].keys()
    assert not any("other" in name for name in warming)


PASSTHROUGH = "{host: other, trafficPolicy: {loadBalancer: {simple: PASSTHROUGH}}}"


@AUDIENCES
def test_every_resource_made_of_objects_says_of_which(audience):
    snapshot = World(audience).snapshot()

    assert snapshot.origins(WEB) == {
        Reference("", "Service", "default", "web"),
        Reference("networking.istio.io", "DestinationRule", "default", "web"),
    }
    routes = "http.80" if audience is GATEWAY else "80"
    assert Reference("networking.istio.io", "VirtualService", "default", "all") in snapshot.origins(
        routes
    )


def test_audiences_share_what_they_have_in_common():
    world = World()
    one = world.snapshot().resources[CLUSTER][WEB]
    world.audience = SIDECAR

    assert world.snapshot().resources[CLUSTER][WEB] is one


def test_an_audience_without_gateway_listens_nowhere():
    world = World(texts=TEXTS[1:])

    assert not world.snapshot().listens
    assert World().snapshot().listens


def test_types_come_in_the_order_in_which_they_are_pushed():
    types = list(World().snapshot().resources)

    assert types == [url for url in RESOURCE_TYPES if url in types]
