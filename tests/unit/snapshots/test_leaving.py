"""Proxies of which some can leave subsets: what each is sent, and what they share."""

from __future__ import annotations

from dataclasses import replace

from straightway.discovery import CLUSTER, CLUSTER_LOAD_ASSIGNMENT, ROUTE_CONFIGURATION
from tests.support.world import GATEWAY_PROXY, SIDECAR, World

CONFIG = """
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: gateway}
spec:
  selector: {istio: gw}
  servers: [{port: {number: 8080, name: http, protocol: HTTP}, hosts: ["*"]}]
---
apiVersion: v1
kind: Service
metadata: {name: runtimes}
spec: {selector: {app: runtime}, ports: [{name: http, port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{name: http, port: 80}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: routes}
spec:
  hosts: [models.example]
  gateways: [gateway, mesh]
  http:
  - match: [{uri: {prefix: /web}}]
    route: [{destination: {host: web}}]
  - headerToDynamicSubsetKey: [{header: x-model, key: model}]
    route: [{destination: {host: runtimes}}]
---
apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata: {name: one}
spec: {address: 10.0.0.1, labels: {app: runtime, model: mnist}}
"""
RULE = """
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: runtimes}
spec:
  host: runtimes
  trafficPolicy:
    loadBalancer:
      dynamicSubset: {subsetSelectors: [{keys: [model], fallbackPolicy: ANY_ENDPOINT}]}
"""
HOST = "runtimes.default.svc.cluster.local"
PLAIN = f"outbound|80||{HOST}"
PARTS = {PLAIN, f"outbound|80|~any|{HOST}", f"outbound|80|~composite|{HOST}"}
AUDIENCES = [GATEWAY_PROXY, SIDECAR]


def of_type(world, audience, type_url):
    return {
        name: resource
        for (url, name), resource in world.resources(audience).items()
        if url == type_url
    }


def names(world, audience):
    return {name for name in of_type(world, audience, CLUSTER) if "runtimes" in name}


def new(audience):
    return replace(audience, leaves_subsets=True)


def test_proxies_that_can_get_the_composite_and_its_members():
    world = World(CONFIG, RULE)
    for audience in AUDIENCES:
        assert names(world, new(audience)) == PARTS
        assert names(world, audience) == {PLAIN}


def test_both_get_the_same_assignment_once():
    world = World(CONFIG, RULE)
    for audience in AUDIENCES:
        old, latest = (
            of_type(world, each, CLUSTER_LOAD_ASSIGNMENT) for each in (audience, new(audience))
        )
        assert old == latest
        assert PLAIN in old


def test_without_such_subsets_all_proxies_get_the_same_clusters_and_routes():
    world = World(CONFIG)
    for audience in AUDIENCES:
        for type_url in (CLUSTER, CLUSTER_LOAD_ASSIGNMENT, ROUTE_CONFIGURATION):
            assert of_type(world, audience, type_url) == of_type(world, new(audience), type_url)


def test_clusters_without_such_subsets_are_encoded_once():
    world = World(CONFIG, RULE)
    world.hold([each for audience in AUDIENCES for each in (audience, new(audience))])
    for audience in AUDIENCES:
        old, latest = (of_type(world, each, CLUSTER) for each in (audience, new(audience)))
        web = "outbound|80||web.default.svc.cluster.local"
        if web in old:
            assert old[web] is latest[web]


def test_a_route_names_the_composite_where_there_is_one():
    world = World(CONFIG, RULE)
    for audience in AUDIENCES:
        old, latest = (
            b"".join(each.body for each in of_type(world, one, ROUTE_CONFIGURATION).values())
            for one in (audience, new(audience))
        )
        assert (b"~composite" in old, b"~composite" in latest) == (False, True)


LOADER = """
apiVersion: v1
kind: Service
metadata: {name: loader}
spec: {selector: {app: loader}, ports: [{name: http, port: 8080}]}
"""
TO_LOADER = RULE.replace(
    "fallbackPolicy: ANY_ENDPOINT", "onMissing: {loader: {host: loader, port: {number: 8080}}}"
)
LOADER_CLUSTER = "outbound|8080||loader.default.svc.cluster.local"


def test_a_loader_comes_with_the_clusters_of_gateways_that_need_it():
    world = World(CONFIG, TO_LOADER, LOADER)
    latest = of_type(world, new(GATEWAY_PROXY), CLUSTER)
    assert {LOADER_CLUSTER, PLAIN, f"outbound|80|~composite|{HOST}"} <= latest.keys()
    assert LOADER_CLUSTER in of_type(world, new(GATEWAY_PROXY), CLUSTER_LOAD_ASSIGNMENT)
    assert LOADER_CLUSTER not in of_type(world, GATEWAY_PROXY, CLUSTER)


def test_a_loader_that_comes_later_is_used_then():
    world = World(CONFIG, TO_LOADER)
    assert LOADER_CLUSTER not in of_type(world, new(GATEWAY_PROXY), CLUSTER)
    world.change(LOADER)
    assert world.resources(new(GATEWAY_PROXY)) == world.from_scratch().resources(new(GATEWAY_PROXY))
    assert LOADER_CLUSTER in of_type(world, new(GATEWAY_PROXY), CLUSTER)
