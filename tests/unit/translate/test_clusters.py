"""Clusters and traffic policies."""

from __future__ import annotations

from typing import TypeAlias

import pytest
from envoy.config.cluster.v3 import cluster_pb2
from envoy.config.endpoint.v3 import endpoint_pb2
from envoy.extensions.upstreams.http.v3 import http_protocol_options_pb2
from google.protobuf import json_format

from straightway.translate.clusters import (
    HTTP_PROTOCOL_OPTIONS,
    ClusterPlan,
    build_cluster,
    plan_assignment,
)
from tests.support.configs import catalog_of, entry, istio, service

Cluster: TypeAlias = cluster_pb2.Cluster
HTTP = "{name: http, port: 80}"
STATIC = "{hosts: [web.com], resolution: %s, ports: [{number: 80, name: http, protocol: HTTP}]%s}"


def plan(port: str = HTTP, policy: str = "", subset: str = "", *more: str) -> ClusterPlan:
    rule = (
        f"{{host: web, trafficPolicy: {{{policy}}}, subsets: [{{name: v1, labels: {{v: '1'}}}}]}}"
    )
    catalog = catalog_of(service("web", port), istio("DestinationRule", "web", rule), *more)
    (registered,) = catalog.services.values()
    (rule_in_force,) = catalog.rules
    return ClusterPlan(registered, registered.ports[0], rule_in_force, subset)


def cluster(policy: str = "", port: str = HTTP) -> Cluster:
    return build_cluster(plan(port, policy), ())


def protocols(built: Cluster) -> dict[str, object]:
    options = http_protocol_options_pb2.HttpProtocolOptions()
    built.typed_extension_protocol_options[HTTP_PROTOCOL_OPTIONS].Unpack(options)
    return json_format.MessageToDict(options, preserving_proto_field_name=True)


class TestBalancers:
    @pytest.mark.parametrize(
        ("name", "policy"),
        [
            ("ROUND_ROBIN", Cluster.ROUND_ROBIN),
            ("RANDOM", Cluster.RANDOM),
            ("LEAST_REQUEST", Cluster.LEAST_REQUEST),
            ("LEAST_CONN", Cluster.LEAST_REQUEST),
            ("UNSPECIFIED", Cluster.LEAST_REQUEST),
        ],
    )
    def test_simple_ones(self, name, policy):
        assert cluster(f"loadBalancer: {{simple: {name}}}").lb_policy == policy

    def test_least_request_is_the_default(self):
        assert cluster().lb_policy == Cluster.LEAST_REQUEST

    def test_passthrough_goes_where_the_request_was_going(self):
        passing = plan(HTTP, "loadBalancer: {simple: PASSTHROUGH}")
        built = build_cluster(passing, ())

        assert built.type == Cluster.ORIGINAL_DST
        assert built.lb_policy == Cluster.CLUSTER_PROVIDED
        assert not built.HasField("eds_cluster_config")
        assert not passing.uses_eds

    @pytest.mark.parametrize(
        ("hashing", "policy", "size"),
        [
            ("useSourceIp: true", Cluster.RING_HASH, 1024),
            ("useSourceIp: true, minimumRingSize: 7", Cluster.RING_HASH, 7),
            ("useSourceIp: true, ringHash: {minimumRingSize: 9}", Cluster.RING_HASH, 9),
            ("useSourceIp: true, maglev: {tableSize: 11}", Cluster.MAGLEV, 11),
            ("useSourceIp: true, maglev: {}", Cluster.MAGLEV, 0),
        ],
    )
    def test_consistent_hashes(self, hashing, policy, size):
        built = cluster(f"loadBalancer: {{consistentHash: {{{hashing}}}}}")

        assert built.lb_policy == policy
        ring, table = built.ring_hash_lb_config, built.maglev_lb_config
        assert (ring.minimum_ring_size.value or table.table_size.value) == size

    def test_subsets_stand_beside_any_balancer(self):
        subsets = "dynamicSubset: {subsetSelectors: [{keys: [model]}]}"
        built = cluster(f"loadBalancer: {{consistentHash: {{useSourceIp: true}}, {subsets}}}")

        assert built.lb_policy == Cluster.RING_HASH
        assert [list(each.keys) for each in built.lb_subset_config.subset_selectors] == [["model"]]


class TestConnections:
    def test_envoys_limits_are_lifted_as_in_istio(self):
        (thresholds,) = cluster().circuit_breakers.thresholds

        assert thresholds.max_connections.value == 2**32 - 1
        assert thresholds.max_retries.value == 2**32 - 1

    def test_limits(self):
        (thresholds,) = cluster(
            "connectionPool: {tcp: {maxConnections: 1}, http: {http1MaxPendingRequests: 2, "
            "http2MaxRequests: 3, maxRetries: 4}}"
        ).circuit_breakers.thresholds

        assert [
            thresholds.max_connections.value,
            thresholds.max_pending_requests.value,
            thresholds.max_requests.value,
            thresholds.max_retries.value,
        ] == [1, 2, 3, 4]

    def test_timeout_and_keep_alive(self):
        keep = "{probes: 3, time: 10s, interval: 1ms}"
        built = cluster(f"connectionPool: {{tcp: {{connectTimeout: 50ms, tcpKeepalive: {keep}}}}}")
        alive = built.upstream_connection_options.tcp_keepalive

        assert built.connect_timeout.ToMilliseconds() == 50
        assert [
            alive.keepalive_probes.value,
            alive.keepalive_time.value,
            alive.keepalive_interval.value,
        ] == [3, 10, 1]

    def test_an_empty_keep_alive_takes_the_systems_values(self):
        built = cluster("connectionPool: {tcp: {tcpKeepalive: {}}}")

        assert built.upstream_connection_options.HasField("tcp_keepalive")
        assert cluster().HasField("upstream_connection_options") is False


class TestProtocols:
    @pytest.mark.parametrize(
        ("port", "pool", "spoken"),
        [
            ("{name: http, port: 80}", "", {}),
            (
                "{name: grpc, port: 80}",
                "",
                {"explicit_http_config": {"http2_protocol_options": {}}},
            ),
            (
                "{name: http, port: 80}",
                "h2UpgradePolicy: UPGRADE, maxConcurrentStreams: 7",
                {"explicit_http_config": {"http2_protocol_options": {"max_concurrent_streams": 7}}},
            ),
            (
                "{name: grpc, port: 80}",
                "useClientProtocol: true",
                {
                    "use_downstream_protocol_config": {
                        "http_protocol_options": {},
                        "http2_protocol_options": {},
                    }
                },
            ),
            (
                "{port: 80}",
                "",
                {
                    "use_downstream_protocol_config": {
                        "http_protocol_options": {},
                        "http2_protocol_options": {},
                    }
                },
            ),
            (
                "{name: http, port: 80}",
                "idleTimeout: 5s, maxRequestsPerConnection: 9",
                {
                    "common_http_protocol_options": {
                        "idle_timeout": "5s",
                        "max_requests_per_connection": 9,
                    },
                    "explicit_http_config": {"http_protocol_options": {}},
                },
            ),
        ],
    )
    def test_endpoints_are_spoken_to_as_their_port_says(self, port, pool, spoken):
        assert protocols(cluster(f"connectionPool: {{http: {{{pool}}}}}", port)) == spoken


class TestOutliers:
    def test_without_it_nothing_is_ejected(self):
        built = cluster()

        assert not built.HasField("outlier_detection")
        assert built.common_lb_config.healthy_panic_threshold.value == 0

    def test_what_is_asked_for(self):
        built = cluster(
            "outlierDetection: {consecutive5xxErrors: 7, consecutiveGatewayErrors: 3, "
            "interval: 5s, baseEjectionTime: 1m, maxEjectionPercent: 40, minHealthPercent: 30}"
        )
        found = built.outlier_detection

        assert found.consecutive_5xx.value == 7
        assert found.consecutive_gateway_failure.value == 3
        assert found.enforcing_consecutive_gateway_failure.value == 100
        assert found.interval.ToSeconds() == 5
        assert found.base_ejection_time.ToSeconds() == 60
        assert found.max_ejection_percent.value == 40
        assert found.HasField("enforcing_success_rate")
        assert built.common_lb_config.healthy_panic_threshold.value == 30

    def test_zero_errors_is_never(self):
        found = cluster("outlierDetection: {consecutive5xxErrors: 0}").outlier_detection

        assert found.HasField("enforcing_consecutive_5xx")
        assert found.enforcing_consecutive_5xx.value == 0
        assert not found.HasField("consecutive_5xx")


class TestDiscovery:
    def outside(self, resolution: str, more: str = "", rule: str = "") -> ClusterPlan:
        texts = [istio("ServiceEntry", "web", STATIC % (resolution, more))]
        if rule:
            texts.append(istio("DestinationRule", "web", rule))
        catalog = catalog_of(*texts)
        registered = catalog.services["web.com"]
        applying = next(iter(catalog.rules), None)
        self.endpoints = catalog.endpoints(registered, registered.ports[0])
        return ClusterPlan(registered, registered.ports[0], applying)

    def test_static_ones_come_by_eds(self):
        assert build_cluster(self.outside("STATIC"), ()).type == Cluster.EDS

    def test_none_goes_where_the_request_was_going_without_subsets(self):
        rule = "loadBalancer: {dynamicSubset: {subsetSelectors: [{keys: [zone]}]}}"
        outside = self.outside("NONE", rule=f"{{host: web.com, trafficPolicy: {{{rule}}}}}")
        built = build_cluster(outside, ())

        assert built.type == Cluster.ORIGINAL_DST
        assert built.lb_policy == Cluster.CLUSTER_PROVIDED
        assert not built.HasField("lb_subset_config")

    def test_dns_names_stand_in_the_cluster_with_their_metadata(self):
        more = ", endpoints: [{address: eu.web.com, labels: {zone: eu}, locality: eu, weight: 2}]"
        rule = "loadBalancer: {dynamicSubset: {subsetSelectors: [{keys: [zone]}]}}"
        outside = self.outside("DNS", more, f"{{host: web.com, trafficPolicy: {{{rule}}}}}")
        built = build_cluster(outside, self.endpoints)

        assert built.type == Cluster.STRICT_DNS
        (group,) = built.load_assignment.endpoints
        (endpoint,) = group.lb_endpoints
        assert group.locality.region == "eu"
        assert endpoint.endpoint.address.socket_address.address == "eu.web.com"
        assert endpoint.load_balancing_weight.value == 2
        (zone,) = endpoint.metadata.filter_metadata["envoy.lb"].fields["zone"].list_value.values
        assert zone.string_value == "eu"

    def test_dns_passed_through_needs_no_names(self):
        rule = "{host: web.com, trafficPolicy: {loadBalancer: {simple: PASSTHROUGH}}}"
        built = build_cluster(self.outside("DNS", rule=rule), self.endpoints)

        assert built.type == Cluster.ORIGINAL_DST
        assert not built.HasField("load_assignment")


def test_a_named_subset_has_its_own_cluster_and_endpoints():
    catalog = catalog_of(
        entry("a", {"app": "web", "v": "1"}, "10.0.0.1"),
        entry("b", {"app": "web", "v": "2"}, "10.0.0.2"),
        entry("c", {"app": "web", "v": "1"}, "host.example.com"),
        service("web", HTTP),
    )
    subset = plan(subset="v1")
    endpoints = catalog.endpoints(subset.service, subset.port)
    body = plan_assignment(subset, endpoints)
    assignment = endpoint_pb2.ClusterLoadAssignment.FromString(body)

    assert subset.name == "outbound|80|v1|web.default.svc.cluster.local"
    assert [
        each.endpoint.address.socket_address.address
        for group in assignment.endpoints
        for each in group.lb_endpoints
    ] == ["10.0.0.1"]
