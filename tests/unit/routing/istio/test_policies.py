"""What a DestinationRule demands."""

from __future__ import annotations

from datetime import timedelta

import pytest
import yaml

from straightway.api.destination_rule import TrafficPolicy
from straightway.routing.http import HashKey, HashSource
from straightway.routing.istio import policy_of
from straightway.routing.policies import (
    NO_DEMANDS,
    NO_LIMITS,
    ConnectionPool,
    Fallback,
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

SOURCE = HashKey(HashSource.SOURCE_IP)


def traffic_policy(text: str) -> TrafficPolicy:
    return TrafficPolicy.model_validate(yaml.safe_load(f"{{{text}}}"))


def policy(text: str) -> Policy:
    return policy_of(traffic_policy(text))


def test_nothing_said_is_nothing_demanded():
    assert policy_of(None) == policy("") == NO_DEMANDS


class TestBalancing:
    @pytest.mark.parametrize(
        ("name", "balancing"),
        [
            ("ROUND_ROBIN", SimpleBalancing.ROUND_ROBIN),
            ("RANDOM", SimpleBalancing.RANDOM),
            ("LEAST_REQUEST", SimpleBalancing.LEAST_REQUEST),
            ("LEAST_CONN", SimpleBalancing.LEAST_REQUEST),
            ("UNSPECIFIED", SimpleBalancing.LEAST_REQUEST),
            ("PASSTHROUGH", SimpleBalancing.PASSTHROUGH),
        ],
    )
    def test_simple_ones(self, name, balancing):
        found = policy(f"loadBalancer: {{simple: {name}}}")

        assert found == Policy(balancing)
        assert found.passes_through is (name == "PASSTHROUGH")
        assert found.hash_on is None

    @pytest.mark.parametrize(
        ("hashing", "balancing"),
        [
            ("useSourceIp: true", RingHash(SOURCE, 1024)),
            ("useSourceIp: true, minimumRingSize: 7", RingHash(SOURCE, 7)),
            ("useSourceIp: true, ringHash: {minimumRingSize: 9}", RingHash(SOURCE, 9)),
            ("useSourceIp: true, ringHash: {}, minimumRingSize: 7", RingHash(SOURCE, 7)),
            ("useSourceIp: true, maglev: {tableSize: 11}", Maglev(SOURCE, 11)),
            ("useSourceIp: true, maglev: {}", Maglev(SOURCE)),
        ],
    )
    def test_consistent_hashes(self, hashing, balancing):
        assert policy(f"loadBalancer: {{consistentHash: {{{hashing}}}}}").balancing == balancing

    @pytest.mark.parametrize(
        ("hashing", "key"),
        [
            ("httpHeaderName: x-user", HashKey(HashSource.HEADER, "x-user")),
            ("useSourceIp: true", SOURCE),
            ("httpQueryParameterName: q", HashKey(HashSource.QUERY, "q")),
            (
                "httpCookie: {name: u, path: /a, ttl: 5s}",
                HashKey(HashSource.COOKIE, "u", "/a", timedelta(seconds=5)),
            ),
            ("httpCookie: {name: u}", HashKey(HashSource.COOKIE, "u")),
        ],
    )
    def test_a_hash_is_taken_of_one_thing(self, hashing, key):
        assert policy(f"loadBalancer: {{consistentHash: {{{hashing}}}}}").hash_on == key


class TestSubsets:
    def test_they_stand_beside_any_balancing(self):
        subsets = "dynamicSubset: {subsetSelectors: [{keys: [model]}]}"
        found = policy(f"loadBalancer: {{consistentHash: {{useSourceIp: true}}, {subsets}}}")

        assert found.balancing == RingHash(SOURCE)
        assert found.subsets == Subsets((Selector(("model",)),))

    def test_keys_are_sorted_and_selectors_keep_their_order(self):
        found = policy(
            """loadBalancer: {dynamicSubset: {
                subsetSelectors: [
                    {keys: [version, stage], fallbackPolicy: ANY_ENDPOINT}, {keys: [model]}],
                fallbackPolicy: DEFAULT_SUBSET, defaultSubset: {tier: spare, a: b}}}"""
        )

        assert found.subsets == Subsets(
            (Selector(("stage", "version"), Fallback.ANY_ENDPOINT), Selector(("model",))),
            Fallback.DEFAULT_SUBSET,
            (("a", "b"), ("tier", "spare")),
        )
        assert found.subsets.keys == ("a", "model", "stage", "tier", "version")


class TestConnectionPool:
    def test_all_of_it(self):
        found = policy(
            """connectionPool: {
                tcp: {maxConnections: 1, connectTimeout: 50ms, maxConnectionDuration: 1h,
                      tcpKeepalive: {probes: 3, time: 10s, interval: 1ms}},
                http: {http1MaxPendingRequests: 2, http2MaxRequests: 3, maxRetries: 4,
                       maxRequestsPerConnection: 5, maxConcurrentStreams: 6, idleTimeout: 7s}}"""
        )

        assert found.pool == ConnectionPool(
            max_connections=1,
            max_pending_requests=2,
            max_requests=3,
            max_retries=4,
            max_requests_per_connection=5,
            max_concurrent_streams=6,
            connect_timeout=timedelta(milliseconds=50),
            max_connection_duration=timedelta(hours=1),
            idle_timeout=timedelta(seconds=7),
            keepalive=Keepalive(3, timedelta(seconds=10), timedelta(milliseconds=1)),
        )

    def test_zero_is_no_limit(self):
        found = policy(
            """connectionPool: {
                tcp: {maxConnections: 0, tcpKeepalive: {probes: 0, time: 0s, interval: 0s}},
                http: {http1MaxPendingRequests: 0, http2MaxRequests: 0, maxRetries: 0,
                       maxRequestsPerConnection: 0, maxConcurrentStreams: 0}}"""
        )

        assert found.pool == ConnectionPool(keepalive=Keepalive())

    def test_an_idle_timeout_of_zero_is_none_at_all(self):
        found = policy("connectionPool: {http: {idleTimeout: 0s}}")

        assert found.pool == ConnectionPool(idle_timeout=timedelta())

    @pytest.mark.parametrize(
        ("http", "spoken"),
        [
            ("", Http2.AS_PORT_SAYS),
            ("h2UpgradePolicy: DO_NOT_UPGRADE", Http2.AS_PORT_SAYS),
            ("h2UpgradePolicy: UPGRADE", Http2.ALWAYS),
            ("useClientProtocol: true", Http2.AS_CLIENT_DOES),
            ("useClientProtocol: true, h2UpgradePolicy: UPGRADE", Http2.AS_CLIENT_DOES),
        ],
    )
    def test_protocols(self, http, spoken):
        assert policy(f"connectionPool: {{http: {{{http}}}}}").pool.http2 is spoken


def test_outlier_detection():
    found = policy(
        "outlierDetection: {consecutive5xxErrors: 0, consecutiveGatewayErrors: 3, "
        "consecutiveLocalOriginFailures: 4, splitExternalLocalOriginErrors: true, "
        "interval: 5s, baseEjectionTime: 1m, maxEjectionPercent: 0, minHealthPercent: 0}"
    )

    assert found.outliers == OutlierDetection(
        consecutive_5xx=0,
        consecutive_gateway_failures=3,
        consecutive_local_origin_failures=4,
        splits_local_origin_errors=True,
        interval=timedelta(seconds=5),
        base_ejection_time=timedelta(minutes=1),
        max_ejection_percent=0,
    )


class TestNamedSubsets:
    GENERAL = "loadBalancer: {simple: RANDOM}, connectionPool: {tcp: {maxConnections: 1}}"

    def merged(self, own: str) -> Policy:
        return policy_of(traffic_policy(self.GENERAL), traffic_policy(own))

    def test_what_one_does_not_set_comes_from_the_rule(self):
        found = self.merged("loadBalancer: {simple: ROUND_ROBIN}")

        assert found == Policy(SimpleBalancing.ROUND_ROBIN, pool=ConnectionPool(max_connections=1))

    def test_what_it_sets_is_its_own_as_a_whole(self):
        found = self.merged("connectionPool: {http: {maxRetries: 2}}")

        assert found == Policy(SimpleBalancing.RANDOM, pool=ConnectionPool(max_retries=2))

    def test_it_may_set_a_part_to_nothing(self):
        assert self.merged("connectionPool: null").pool == NO_LIMITS

    def test_it_may_be_alone(self):
        own = traffic_policy("loadBalancer: {simple: RANDOM}")

        assert policy_of(None, own) == policy_of(own)


def test_equal_policies_are_one_key():
    text = "loadBalancer: {dynamicSubset: {subsetSelectors: [{keys: [a]}], defaultSubset: {b: c}}}"

    assert len({policy(text), policy(text)}) == 1
