"""Clusters, encoded: one of each for all audiences that use it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from straightway.discovery import Resource
from straightway.routing.clusters import Resolution
from straightway.routing.istio.clusters import cluster_of
from straightway.routing.istio.destinations import ClusterKey
from straightway.snapshots.assignments import assignment, endpoints_of
from straightway.translate import clusters
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


def joined(sets: Iterable[ClusterSet]) -> ClusterSet:
    """Merge several sets."""
    clusters: list[Resource] = []
    assignments: list[Call] = []
    for each in sets:
        clusters += each.clusters
        assignments += each.assignments
    return ClusterSet(tuple(clusters), tuple(assignments))


def cluster_set(reading: Reading, keys: tuple[ClusterKey, ...]) -> ClusterSet:
    """Return clusters and the calls of their assignments, without those that do not exist."""
    clusters, assignments = [], []
    for key in keys:
        resource: Resource | None = reading.value_or_none(Call(cluster_resource, (key,)))
        if resource is None:
            continue
        clusters.append(resource)
        if resource.eds_service_name:
            assignments.append(Call(assignment, (key,)))
    return ClusterSet(tuple(clusters), tuple(assignments))
