"""Clusters, encoded: one of each for all audiences that use it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from straightway.discovery import Resource
from straightway.routing.clusters import Cluster, Resolution
from straightway.routing.istio.clusters import cluster_of
from straightway.routing.istio.destinations import ClusterKey
from straightway.snapshots.assignments import assignment, endpoints_of
from straightway.translate import clusters, composite
from straightway.units import Call, Reading


class ClusterSet(NamedTuple):
    """Clusters, and the calls of the units that make their assignments."""

    clusters: tuple[Resource, ...]
    assignments: tuple[Call, ...]


def cluster_resource(reading: Reading, key: ClusterKey) -> Resource | None:
    """Return an encoded Cluster, or None if it no longer exists."""
    cluster = reading.make(cluster_of, key)
    if cluster is None:
        return None
    if cluster.found_by is Resolution.STATIC:
        return Resource.of(cluster.name, clusters.cluster(cluster), eds_service_name=cluster.name)
    # Endpoints that Envoy resolves by DNS are part of the cluster itself.
    is_dns = cluster.found_by is Resolution.DNS
    found = endpoints_of(reading, key, cluster) if is_dns else []
    return Resource.of(cluster.name, clusters.cluster(cluster, (each.value for each in found)))


def composite_resources(reading: Reading, key: ClusterKey) -> tuple[Resource, ...]:
    """Return a cluster in the form for proxies that can leave subsets: with what it is part of.

    The parts have the same endpoints, in one assignment. Where no subset can be left, the cluster
    is the one of all proxies.
    """
    known = reading.make(cluster_of, key)
    cluster = known.strict if known is not None else None
    if cluster is None or (cluster.leaving is None and cluster == known):
        alone = reading.make(cluster_resource, key)
        return () if alone is None else (alone,)
    is_dns = cluster.found_by is Resolution.DNS
    found = [each.value for each in endpoints_of(reading, key, cluster)] if is_dns else []
    if cluster.leaving is not None:
        messages = composite.composite(cluster, found)
    else:
        messages = (clusters.cluster(cluster, found),)
    return tuple(
        Resource.of(each.name, each, eds_service_name=_assigned(each, cluster)) for each in messages
    )


def _assigned(part: clusters.Message, whole: Cluster) -> str:
    return whole.name if part.HasField("eds_cluster_config") else ""


def cluster_call(key: ClusterKey, leaves_subsets: bool) -> Call:
    """Return the call of the unit that makes the resources of a cluster."""
    return Call(composite_resources if leaves_subsets else cluster_resource, (key,))


def joined(sets: Iterable[ClusterSet]) -> ClusterSet:
    """Merge several sets."""
    clusters: list[Resource] = []
    assignments: list[Call] = []
    for each in sets:
        clusters += each.clusters
        assignments += each.assignments
    return ClusterSet(tuple(clusters), tuple(assignments))


def cluster_set(reading: Reading, keys: tuple[ClusterKey, ...], leaves_subsets: bool) -> ClusterSet:
    """Return clusters and the calls of their assignments, without those that do not exist."""
    clusters: list[Resource] = []
    assignments: list[Call] = []
    for key in keys:
        made = reading.value_or_none(cluster_call(key, leaves_subsets))
        resources: tuple[Resource, ...] = (
            made if isinstance(made, tuple) else (made,) if made else ()
        )
        clusters += resources
        if any(resource.eds_service_name for resource in resources):
            assignments.append(Call(assignment, (key,)))
    return ClusterSet(tuple(clusters), tuple(assignments))
