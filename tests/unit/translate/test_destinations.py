"""From a service's port and a DestinationRule to a cluster with its endpoints."""

from __future__ import annotations

from tests.support.configs import entry, istio, service


def test_a_named_subset_has_its_own_cluster_and_endpoints(sidecar_of):
    rule = "{host: web, subsets: [{name: v1, labels: {v: '1', tier: x}}]}"
    config = sidecar_of(
        service("web", "{name: http, port: 80}"),
        istio("DestinationRule", "web", rule),
        entry("a", {"app": "web", "v": "1", "tier": "x"}, "10.0.0.1"),
        entry("b", {"app": "web", "v": "2", "tier": "x"}, "10.0.0.2"),
        entry("c", {"app": "web", "v": "1", "tier": "x"}, "host.example.com"),
        entry("d", {"app": "web", "v": "1"}, "10.0.0.4"),
    )

    assert config.addresses("outbound|80|v1|web.default.svc.cluster.local") == ["10.0.0.1"]


def test_names_found_by_dns_stand_in_the_cluster_with_their_values(sidecar_of):
    spec = """{
        hosts: [web.com], resolution: DNS, ports: [{number: 80, name: http, protocol: HTTP}],
        endpoints: [{address: eu.web.com, labels: {zone: eu}, locality: eu, weight: 2}]}"""
    subsets = "loadBalancer: {dynamicSubset: {subsetSelectors: [{keys: [zone]}]}}"
    config = sidecar_of(
        istio("ServiceEntry", "web", spec),
        istio("DestinationRule", "web", f"{{host: web.com, trafficPolicy: {{{subsets}}}}}"),
    )

    assert config.assignments == {}
    (group,) = config.clusters["outbound|80||web.com"].load_assignment.endpoints
    (endpoint,) = group.lb_endpoints
    assert endpoint.endpoint.address.socket_address.address == "eu.web.com"
    assert endpoint.metadata.filter_metadata["envoy.lb"]["zone"][0] == "eu"


PORTS = service("two", "{name: http, port: 80}, {name: http-b, port: 81}")
TO_TWO = """
    hosts: ['*']
    gateways: [gw]
    http: [{route: [{destination: {host: two}}]}]
    """


def test_a_destination_without_port_means_the_listeners_port_of_several(gateway_of):
    gateway = istio(
        "Gateway",
        "gw",
        """
        selector: {istio: gw}
        servers:
        - {port: {number: 80, name: a, protocol: HTTP}, hosts: ['*']}
        - {port: {number: 81, name: b, protocol: HTTP}, hosts: ['*']}
        - {port: {number: 82, name: c, protocol: HTTP}, hosts: ['*']}
        """,
    )
    config = gateway_of(gateway, PORTS, istio("VirtualService", "vs", TO_TWO))

    clusters = {each.name: each.virtual_hosts[0].routes[0].route.cluster for each in config.routes}
    assert clusters == {
        "http.80": "outbound|80||two.default.svc.cluster.local",
        "http.81": "outbound|81||two.default.svc.cluster.local",
        "http.82": "BlackHoleCluster",
    }
