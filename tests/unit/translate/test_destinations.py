"""From a service's port and a DestinationRule to a cluster with its endpoints."""

from __future__ import annotations

from envoy.config.endpoint.v3 import endpoint_pb2
from straightway.translate.destinations import ClusterPlan, build_cluster, plan_assignment

from tests.support.configs import catalog_of, entry, istio, service


def test_a_named_subset_has_its_own_cluster_and_endpoints():
    rule = "{host: web, subsets: [{name: v1, labels: {v: '1', tier: x}}]}"
    catalog = catalog_of(
        service("web", "{name: http, port: 80}"),
        istio("DestinationRule", "web", rule),
        entry("a", {"app": "web", "v": "1", "tier": "x"}, "10.0.0.1"),
        entry("b", {"app": "web", "v": "2", "tier": "x"}, "10.0.0.2"),
        entry("c", {"app": "web", "v": "1", "tier": "x"}, "host.example.com"),
        entry("d", {"app": "web", "v": "1"}, "10.0.0.4"),
    )
    (registered,) = catalog.services.values()
    (in_force,) = catalog.rules
    plan = ClusterPlan(registered, registered.ports[0], in_force, "v1")
    body = plan_assignment(plan, catalog.endpoints(plan.service, plan.port))
    assignment = endpoint_pb2.ClusterLoadAssignment.FromString(body)

    assert plan.name == "outbound|80|v1|web.default.svc.cluster.local"
    assert [
        each.endpoint.address.socket_address.address
        for group in assignment.endpoints
        for each in group.lb_endpoints
    ] == ["10.0.0.1"]


def test_names_found_by_dns_stand_in_the_cluster_with_their_values():
    spec = """{
        hosts: [web.com], resolution: DNS, ports: [{number: 80, name: http, protocol: HTTP}],
        endpoints: [{address: eu.web.com, labels: {zone: eu}, locality: eu, weight: 2}]}"""
    subsets = "loadBalancer: {dynamicSubset: {subsetSelectors: [{keys: [zone]}]}}"
    catalog = catalog_of(
        istio("ServiceEntry", "web", spec),
        istio("DestinationRule", "web", f"{{host: web.com, trafficPolicy: {{{subsets}}}}}"),
    )
    registered = catalog.services["web.com"]
    plan = ClusterPlan(registered, registered.ports[0], next(iter(catalog.rules)))
    message = build_cluster(plan, catalog.endpoints(plan.service, plan.port))

    assert not plan.uses_eds
    (group,) = message.load_assignment.endpoints
    (endpoint,) = group.lb_endpoints
    assert endpoint.endpoint.address.socket_address.address == "eu.web.com"
    assert endpoint.metadata.filter_metadata["envoy.lb"]["zone"][0] == "eu"
