"""Clusters whose subsets can be left."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from envoy.config.cluster.v3 import cluster_pb2

from straightway.routing.clusters import Cluster, Endpoint, Resolution
from straightway.routing.policies import (
    ConnectionPool,
    Fallback,
    Leaving,
    OutlierDetection,
    Policy,
    Selector,
    Subsets,
)
from straightway.translate.clusters import Message
from straightway.translate.composite import composite
from straightway.translate.envoy_api import ClusterConfig

NAME = "outbound|80||runtimes.models.svc.cluster.local"
ANY_NAME = "outbound|80|~any|runtimes.models.svc.cluster.local"
MODEL = Selector(("model",), Fallback.ANY_ENDPOINT)
STRICT = Selector(("tenant",))
CLUSTER = Cluster(NAME, policy=Policy(subsets=Subsets((MODEL,), leaving=Leaving())))


def parts(policy: Policy = CLUSTER.policy) -> tuple[Message, Message, Message]:
    subsets, any_endpoint, whole = composite(replace(CLUSTER, policy=policy))
    return subsets, any_endpoint, whole


def members(whole: Message) -> list[str]:
    config = ClusterConfig()
    assert whole.cluster_type.typed_config.Unpack(config)
    return [each.name for each in config.clusters]


def test_the_cluster_with_the_subsets_keeps_its_name_and_all_three_are_distinct():
    assert [each.name for each in parts()] == [
        NAME,
        ANY_NAME,
        "outbound|80|~composite|runtimes.models.svc.cluster.local",
    ]


def test_a_request_is_tried_twice_in_its_subset_and_then_anywhere():
    tries = members(parts()[2])
    assert tries[:3] == [NAME, NAME, ANY_NAME]
    assert set(tries[2:]) == {ANY_NAME}
    assert len(tries) == 16


def test_both_members_have_the_endpoints_of_one_assignment():
    subsets, any_endpoint, whole = parts()
    assert subsets.eds_cluster_config.service_name == ""
    assert any_endpoint.eds_cluster_config.service_name == NAME
    assert not whole.HasField("eds_cluster_config")


def test_endpoints_that_envoy_resolves_are_in_both_members():
    dns = replace(CLUSTER, resolution=Resolution.DNS)
    subsets, any_endpoint, _ = composite(dns, iter([Endpoint("runtimes.example", 80)]))
    for each in (subsets, any_endpoint):
        assert each.type == Message.STRICT_DNS
        assert len(each.load_assignment.endpoints) == 1


def test_outside_of_the_subsets_all_endpoints_are_alike():
    subsets, any_endpoint, _ = parts()
    assert subsets.HasField("lb_subset_config")
    assert not any_endpoint.HasField("lb_subset_config")


def test_the_stricter_selectors_hold_there_too():
    _, any_endpoint, _ = parts(Policy(subsets=Subsets((MODEL, STRICT), leaving=Leaving())))
    [left] = any_endpoint.lb_subset_config.subset_selectors
    assert (list(left.keys), left.fallback_policy) == (
        ["tenant"],
        cluster_pb2.Cluster.LbSubsetConfig.LbSubsetSelector.NO_FALLBACK,
    )


def test_the_statistics_are_those_of_the_plain_cluster():
    subsets, any_endpoint, whole = parts()
    assert whole.alt_stat_name == NAME
    assert subsets.alt_stat_name == any_endpoint.alt_stat_name == ""


@pytest.mark.parametrize("part", [0, 1])
def test_what_does_not_connect_is_given_up_soon_and_ejected(part):
    message = parts()[part]
    assert message.connect_timeout.ToTimedelta() == timedelta(seconds=1)
    detection = message.outlier_detection
    assert detection.split_external_local_origin_errors
    # Answers eject nothing: they may be about one model of many.
    assert detection.enforcing_consecutive_5xx.value == 0
    assert detection.enforcing_consecutive_gateway_failure.value == 0
    assert detection.enforcing_success_rate.value == 0
    assert detection.enforcing_local_origin_success_rate.value == 0


@pytest.mark.parametrize("part", [0, 1])
def test_what_the_rule_sets_stays(part):
    policy = replace(
        CLUSTER.policy,
        pool=ConnectionPool(connect_timeout=timedelta(seconds=7)),
        outliers=OutlierDetection(consecutive_5xx=4),
    )
    message = parts(policy)[part]
    assert message.connect_timeout.ToTimedelta() == timedelta(seconds=7)
    assert message.outlier_detection.consecutive_5xx.value == 4
    assert not message.outlier_detection.split_external_local_origin_errors


def test_the_composite_limits_retries_as_the_rule_says_and_else_does_not():
    def retries(policy: Policy) -> int:
        [thresholds] = parts(policy)[2].circuit_breakers.thresholds
        return thresholds.max_retries.value

    assert retries(CLUSTER.policy) == 2**32 - 1
    assert retries(replace(CLUSTER.policy, pool=ConnectionPool(max_retries=9))) == 9
