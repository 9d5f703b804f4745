"""Clusters: a service's port, or a named subset of it, with the policy that applies to it."""

from __future__ import annotations

from dataclasses import replace

from straightway.api.virtual_service import Destination, PortSelector
from straightway.routing import names
from straightway.routing.clusters import Cluster, Resolution
from straightway.routing.http import HashKey
from straightway.routing.istio.destinations import ClusterKey, chosen, key_of
from straightway.routing.istio.policies import loader_of, policy_of
from straightway.routing.istio.rules import View
from straightway.routing.missing import Missing
from straightway.routing.policies import Leaving
from straightway.units import Reading


def cluster_name(key: ClusterKey) -> str:
    """Return the name of a cluster, which is also that of its assignment."""
    return names.outbound_cluster(key.hostname, key.port, key.subset)


def cluster_of(reading: Reading, key: ClusterKey) -> Cluster | None:
    """Return the cluster for a key, or None if it no longer exists."""
    found = chosen(reading, key)
    if found is None:
        return None
    general = found.rule.traffic_policy if found.rule else None
    own = found.subset.traffic_policy if found.subset else None
    policy = policy_of(general, own)
    loader = reading.make(loader_key, key, View())
    if loader is not None and policy.subsets is not None:
        policy = replace(policy, subsets=replace(policy.subsets, loader=cluster_name(loader)))
    return Cluster(
        name=cluster_name(key),
        resolution=Resolution(found.service.resolution.value),
        is_http=found.port.protocol.is_http,
        speaks_http2=found.port.speaks_http2,
        policy=policy,
    )


def loader_key(reading: Reading, key: ClusterKey, view: View) -> ClusterKey | None:
    """Return the cluster that takes requests for what no endpoint of a cluster has, or None.

    A service that does not exist leaves them unanswered.
    """
    found = chosen(reading, key)
    general = found.rule.traffic_policy if found is not None and found.rule else None
    own = found.subset.traffic_policy if found is not None and found.subset else None
    named = loader_of(general, own)
    if named is None:
        return None
    port = PortSelector(number=named.port.number) if named.port else None
    destination = Destination(host=named.host, port=port)
    return key_of(reading, destination, key.rule_home, key.port, view)


def missing_of(reading: Reading, key: ClusterKey) -> Missing | None:
    """Return how proxies answer for what no endpoint of the cluster has, or None."""
    cluster = reading.make(cluster_of, key)
    return cluster.subsets.missing if cluster is not None and cluster.subsets is not None else None


def leaving_of(reading: Reading, key: ClusterKey) -> Leaving | None:
    """Return how requests leave their subsets of the cluster, or None if they never do."""
    cluster = reading.make(cluster_of, key)
    return cluster.leaving if cluster is not None else None


def hash_key_of(reading: Reading, key: ClusterKey) -> HashKey | None:
    """Return what the cluster's load balancer hashes of a request, or None if it does not hash."""
    cluster = reading.make(cluster_of, key)
    return cluster.policy.hash_on if cluster is not None else None
