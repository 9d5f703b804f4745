"""Clusters whose subsets can be left: a composite of the subsets and of any endpoint.

Envoy's composite cluster takes another member for each attempt of a request, and goes on to the
next where one has no healthy endpoint. Plain retries, in contrast, stay in the subset.

Routes name the composite. The cluster with the subsets keeps its name, and the composite shares its
statistics, so dashboards show what they show of a plain cluster; the requests that have left their
subset are counted under the name of the other member.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

from straightway.routing import names
from straightway.routing.clusters import ANY, COMPOSITE, Cluster, Endpoint
from straightway.routing.policies import OutlierDetection, Policy
from straightway.translate.clusters import Message, cluster
from straightway.translate.envoy_api import ClusterConfig
from straightway.translate.traffic_policy import set_connection_pool

_IN_SUBSET = 2
"""Tries in the subset: it may have another endpoint."""
_TRIES = 16
"""An attempt beyond the members would have no endpoint."""
_CONNECT_TIMEOUT = timedelta(seconds=1)
_UNREACHABLE = OutlierDetection(
    # An answer of 5xx may be about one model of many, so it ejects no endpoint.
    consecutive_5xx=0,
    consecutive_gateway_failures=0,
    consecutive_local_origin_failures=3,
    splits_local_origin_errors=True,
    interval=timedelta(seconds=1),
    base_ejection_time=timedelta(seconds=3),
    # The only holder of a model may be back.
    longest_ejection_time=timedelta(seconds=10),
    max_ejection_percent=50,
)


def composite(value: Cluster, dns_endpoints: Iterable[Endpoint] = ()) -> tuple[Message, ...]:
    """Return a cluster with subsets, the one for requests that left theirs, and the composite.

    If there is a loader, that is where they go, and its own cluster is not among these.
    ``value.leaving`` is not None; for ``dns_endpoints`` see :func:`translate.clusters.cluster`.
    """
    endpoints = tuple(dns_endpoints)
    policy = _quick_to_give_up(value.policy)
    subsets = replace(value, policy=policy)
    if policy.subsets is not None and policy.subsets.loader:
        return cluster(subsets, endpoints), _whole(value, policy, policy.subsets.loader)
    left = policy.subsets.not_left if policy.subsets is not None else None
    any_endpoint = replace(
        value,
        name=names.part_of(value.name, ANY),
        assignment=value.name,
        policy=replace(policy, subsets=left),
    )
    whole = _whole(value, policy, any_endpoint.name)
    return cluster(subsets, endpoints), cluster(any_endpoint, endpoints), whole


def _whole(value: Cluster, policy: Policy, last: str) -> Message:
    """Return the composite of a cluster and the one where requests go at last."""
    whole = Message(
        name=names.part_of(value.name, COMPOSITE),
        alt_stat_name=value.name,
        lb_policy=Message.CLUSTER_PROVIDED,
    )
    members = [value.name] * _IN_SUBSET + [last] * (_TRIES - _IN_SUBSET)
    whole.cluster_type.name = "envoy.clusters.composite"
    whole.cluster_type.typed_config.Pack(
        ClusterConfig(clusters=[ClusterConfig.ClusterEntry(name=each) for each in members])
    )
    # Retries are counted here, and by default Envoy allows three at a time.
    set_connection_pool(whole, policy.pool)
    return whole


def _quick_to_give_up(policy: Policy) -> Policy:
    """Return a policy with a short time to connect and ejection, unless they are set."""
    pool = policy.pool
    if pool.connect_timeout is None:
        pool = replace(pool, connect_timeout=_CONNECT_TIMEOUT)
    return replace(policy, pool=pool, outliers=policy.outliers or _UNREACHABLE)
