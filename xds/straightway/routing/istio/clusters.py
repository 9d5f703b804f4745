"""Clusters: a service's port, or a named subset of it, with the policy that applies to it."""

from __future__ import annotations

from straightway.routing import names
from straightway.routing.clusters import Cluster, Resolution
from straightway.routing.http import HashKey
from straightway.routing.istio.destinations import ClusterKey, chosen
from straightway.routing.istio.policies import policy_of
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
    return Cluster(
        name=cluster_name(key),
        resolution=Resolution(found.service.resolution.value),
        is_http=found.port.protocol.is_http,
        speaks_http2=found.port.speaks_http2,
        policy=policy_of(general, own),
    )


def leaving_of(reading: Reading, key: ClusterKey) -> Leaving | None:
    """Return how requests leave their subsets of the cluster, or None if they never do."""
    cluster = reading.make(cluster_of, key)
    return cluster.leaving if cluster is not None else None


def hash_key_of(reading: Reading, key: ClusterKey) -> HashKey | None:
    """Return what the cluster's load balancer hashes of a request, or None if it does not hash."""
    cluster = reading.make(cluster_of, key)
    return cluster.policy.hash_on if cluster is not None else None
