"""Clusters and their policies."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, TypeAlias

import pytest
from envoy.config.cluster.v3 import cluster_pb2
from envoy.extensions.upstreams.http.v3 import http_protocol_options_pb2
from google.protobuf import json_format

from straightway.routing.clusters import Cluster, Endpoint, Resolution
from straightway.routing.http import HashKey, HashSource
from straightway.routing.policies import (
    ConnectionPool,
    Http2,
    Keepalive,
    Maglev,
    OutlierDetection,
    Policy,
    RingHash,
    Selector,
    SimpleBalancing,
    Subsets,
)
from straightway.translate.clusters import (
    HTTP_PROTOCOL_OPTIONS,
    black_hole_cluster,
    cluster,
    inbound_passthrough_cluster,
    passthrough_cluster,
)

Message: TypeAlias = cluster_pb2.Cluster
SOURCE = HashKey(HashSource.SOURCE_IP)
BY_ZONE = Subsets((Selector(("zone",)),))


def made(policy: Policy = Policy(), **more: Any) -> Message:  # noqa: B008 (frozen)
    return cluster(Cluster("web", policy=policy, **more))


def pooled(**pool: Any) -> Message:
    return made(Policy(pool=ConnectionPool(**pool)))


def protocols(message: Message) -> dict[str, object]:
    options = http_protocol_options_pb2.HttpProtocolOptions()
    message.typed_extension_protocol_options[HTTP_PROTOCOL_OPTIONS].Unpack(options)
    return json_format.MessageToDict(options, preserving_proto_field_name=True)


class TestBalancing:
    @pytest.mark.parametrize(
        ("balancing", "policy"),
        [
            (SimpleBalancing.LEAST_REQUEST, Message.LEAST_REQUEST),
            (SimpleBalancing.ROUND_ROBIN, Message.ROUND_ROBIN),
            (SimpleBalancing.RANDOM, Message.RANDOM),
            (SimpleBalancing.PASSTHROUGH, Message.CLUSTER_PROVIDED),
        ],
    )
    def test_simple_ones(self, balancing, policy):
        assert made(Policy(balancing)).lb_policy == policy

    @pytest.mark.parametrize(
        ("balancing", "policy", "size"),
        [
            (RingHash(SOURCE), Message.RING_HASH, 1024),
            (RingHash(SOURCE, 7), Message.RING_HASH, 7),
            (Maglev(SOURCE, 11), Message.MAGLEV, 11),
            (Maglev(SOURCE), Message.MAGLEV, 0),
        ],
    )
    def test_hashes(self, balancing, policy, size):
        message = made(Policy(balancing))

        assert message.lb_policy == policy
        ring, table = message.ring_hash_lb_config, message.maglev_lb_config
        assert (ring.minimum_ring_size.value or table.table_size.value) == size

    def test_subsets_stand_beside_any_balancing(self):
        message = made(Policy(RingHash(SOURCE), BY_ZONE))

        assert message.lb_policy == Message.RING_HASH
        assert [list(each.keys) for each in message.lb_subset_config.subset_selectors] == [["zone"]]


class TestConnections:
    def test_envoys_limits_are_lifted(self):
        (thresholds,) = made().circuit_breakers.thresholds

        assert thresholds.max_connections.value == 2**32 - 1
        assert thresholds.max_pending_requests.value == 2**32 - 1
        assert thresholds.max_requests.value == 2**32 - 1
        assert thresholds.max_retries.value == 2**32 - 1

    def test_limits(self):
        (thresholds,) = pooled(
            max_connections=1, max_pending_requests=2, max_requests=3, max_retries=4
        ).circuit_breakers.thresholds

        assert [
            thresholds.max_connections.value,
            thresholds.max_pending_requests.value,
            thresholds.max_requests.value,
            thresholds.max_retries.value,
        ] == [1, 2, 3, 4]

    @pytest.mark.parametrize(("timeout", "milliseconds"), [(None, 10_000), (0.05, 50)])
    def test_the_timeout_of_connecting(self, timeout, milliseconds):
        message = pooled(connect_timeout=timeout and timedelta(seconds=timeout))

        assert message.connect_timeout.ToMilliseconds() == milliseconds

    def test_keep_alive_has_whole_seconds(self):
        keepalive = Keepalive(3, timedelta(seconds=10), timedelta(milliseconds=1))
        settings = pooled(keepalive=keepalive).upstream_connection_options.tcp_keepalive

        assert [
            settings.keepalive_probes.value,
            settings.keepalive_time.value,
            settings.keepalive_interval.value,
        ] == [3, 10, 1]

    def test_an_empty_keep_alive_takes_the_systems_values(self):
        options = pooled(keepalive=Keepalive()).upstream_connection_options

        assert options.HasField("tcp_keepalive")
        assert options.tcp_keepalive.ByteSize() == 0
        assert not made().HasField("upstream_connection_options")


AS_CLIENT: dict[str, object] = {"http_protocol_options": {}, "http2_protocol_options": {}}


class TestProtocols:
    @pytest.mark.parametrize(
        ("facts", "pool", "spoken"),
        [
            ({}, {}, {}),
            (
                {"speaks_http2": True},
                {},
                {"explicit_http_config": {"http2_protocol_options": {}}},
            ),
            (
                {},
                {"http2": Http2.ALWAYS, "max_concurrent_streams": 7},
                {"explicit_http_config": {"http2_protocol_options": {"max_concurrent_streams": 7}}},
            ),
            (
                {"is_http": False},
                {"http2": Http2.ALWAYS},
                {"explicit_http_config": {"http2_protocol_options": {}}},
            ),
            (
                {"speaks_http2": True},
                {"http2": Http2.AS_CLIENT_DOES},
                {"use_downstream_protocol_config": AS_CLIENT},
            ),
            ({"is_http": False}, {}, {"use_downstream_protocol_config": AS_CLIENT}),
            (
                {},
                {
                    "idle_timeout": timedelta(seconds=5),
                    "max_requests_per_connection": 9,
                    "max_connection_duration": timedelta(hours=1),
                },
                {
                    "common_http_protocol_options": {
                        "idle_timeout": "5s",
                        "max_requests_per_connection": 9,
                        "max_connection_duration": "3600s",
                    },
                    "explicit_http_config": {"http_protocol_options": {}},
                },
            ),
        ],
    )
    def test_endpoints_are_spoken_to_as_their_port_and_the_pool_say(self, facts, pool, spoken):
        assert protocols(made(Policy(pool=ConnectionPool(**pool)), **facts)) == spoken


class TestOutliers:
    def test_without_it_nothing_is_ejected_and_panic_mode_is_off(self):
        message = made()

        assert not message.HasField("outlier_detection")
        assert message.common_lb_config.HasField("healthy_panic_threshold")
        assert message.common_lb_config.healthy_panic_threshold.value == 0

    def test_what_is_asked_for(self):
        outliers = OutlierDetection(
            consecutive_5xx=7,
            consecutive_gateway_failures=3,
            consecutive_local_origin_failures=4,
            splits_local_origin_errors=True,
            interval=timedelta(seconds=5),
            base_ejection_time=timedelta(minutes=1),
            max_ejection_percent=0,
            min_health_percent=30,
        )
        message = made(Policy(outliers=outliers))
        found = message.outlier_detection

        assert found.consecutive_5xx.value == 7
        assert found.consecutive_gateway_failure.value == 3
        assert found.enforcing_consecutive_gateway_failure.value == 100
        assert found.consecutive_local_origin_failure.value == 4
        assert found.split_external_local_origin_errors
        assert found.interval.ToSeconds() == 5
        assert found.base_ejection_time.ToSeconds() == 60
        assert found.HasField("max_ejection_percent")
        assert found.HasField("enforcing_success_rate")
        assert message.common_lb_config.healthy_panic_threshold.value == 30

    def test_each_count_is_for_itself(self):
        outliers = OutlierDetection(consecutive_local_origin_failures=4)
        found = made(Policy(outliers=outliers)).outlier_detection

        assert found.consecutive_local_origin_failure.value == 4
        assert found.enforcing_consecutive_local_origin_failure.value == 100

    def test_zero_errors_is_never(self):
        found = made(Policy(outliers=OutlierDetection(consecutive_5xx=0))).outlier_detection

        assert found.HasField("enforcing_consecutive_5xx")
        assert found.enforcing_consecutive_5xx.value == 0
        assert not found.HasField("consecutive_5xx")
        assert not found.HasField("enforcing_consecutive_gateway_failure")


class TestResolution:
    def test_static_endpoints_come_by_eds(self):
        message = made(resolution=Resolution.STATIC)

        assert message.type == Message.EDS
        assert message.eds_cluster_config.eds_config.HasField("ads")

    def test_dns_names_stand_in_the_cluster_with_their_metadata(self):
        value = Cluster("web", Resolution.DNS, policy=Policy(subsets=BY_ZONE))
        message = cluster(value, [Endpoint("eu.web.com", 80, 2, "eu", (("zone", ("eu",)),))])

        assert message.type == Message.STRICT_DNS
        assert message.load_assignment.cluster_name == "web"
        (group,) = message.load_assignment.endpoints
        (endpoint,) = group.lb_endpoints
        assert group.locality.region == "eu"
        assert endpoint.endpoint.address.socket_address.address == "eu.web.com"
        assert endpoint.load_balancing_weight.value == 2
        (zone,) = endpoint.metadata.filter_metadata["envoy.lb"].fields["zone"].list_value.values
        assert zone.string_value == "eu"

    @pytest.mark.parametrize(
        ("resolution", "balancing"),
        [
            (Resolution.NONE, SimpleBalancing.LEAST_REQUEST),
            (Resolution.STATIC, SimpleBalancing.PASSTHROUGH),
            (Resolution.DNS, SimpleBalancing.PASSTHROUGH),
        ],
    )
    def test_what_passes_through_has_no_endpoints_and_no_subsets(self, resolution, balancing):
        value = Cluster("web", resolution, policy=Policy(balancing, BY_ZONE))
        message = cluster(value, [Endpoint("eu.web.com", 80)])

        assert value.found_by is Resolution.NONE
        assert value.subset_keys == ()
        assert message.type == Message.ORIGINAL_DST
        assert message.lb_policy == Message.CLUSTER_PROVIDED
        for field in ("eds_cluster_config", "load_assignment", "lb_subset_config"):
            assert not message.HasField(field)


class TestOfEveryProxy:
    def test_the_black_hole_has_no_endpoint(self):
        message = black_hole_cluster()

        assert (message.name, message.type) == ("BlackHoleCluster", Message.STATIC)
        assert not message.HasField("load_assignment")

    def test_what_no_service_claims_goes_where_it_was_going(self):
        for message in (passthrough_cluster(), inbound_passthrough_cluster()):
            assert message.type == Message.ORIGINAL_DST
            assert message.lb_policy == Message.CLUSTER_PROVIDED
            assert protocols(message) == {"use_downstream_protocol_config": AS_CLIENT}

    def test_what_comes_in_leaves_from_an_address_that_iptables_let_out(self):
        bound = inbound_passthrough_cluster().upstream_bind_config.source_address

        assert bound.address == "127.0.0.6"
