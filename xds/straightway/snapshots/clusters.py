"""Clusters and their assignments, encoded: one of each for all audiences that use it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from straightway.api.values import is_ip
from straightway.discovery import CLUSTER_LOAD_ASSIGNMENT, Resource
from straightway.documents import Reference
from straightway.routing.clusters import Cluster, Endpoint, Resolution
from straightway.routing.istio.clusters import cluster_of
from straightway.routing.istio.destinations import ClusterKey, chosen
from straightway.routing.istio.endpoints import (
    Block,
    endpoint_blocks,
    endpoints_in,
    neutral_endpoint,
)
from straightway.translate import clusters, endpoints
from straightway.units import Call, Reading

Labels = tuple[tuple[str, str], ...]


class Encoded(NamedTuple):
    """An endpoint and its encoded ``LbEndpoint``; ``workload`` is what stands behind it."""

    value: Endpoint
    body: bytes
    workload: Reference | None


class ClusterSet(NamedTuple):
    """Clusters, and the calls of the units that make their assignments."""

    clusters: tuple[Resource, ...]
    assignments: tuple[Call, ...]


def cluster_resource(reading: Reading, key: ClusterKey) -> Resource | None:
    """Return an encoded Cluster; None if it does not exist any more."""
    cluster = reading.make(cluster_of, key)
    if cluster is None:
        return None
    if cluster.found_by is Resolution.STATIC:
        return Resource.of(cluster.name, clusters.cluster(cluster), eds_service_name=cluster.name)
    # Endpoints that Envoy resolves by DNS are part of the cluster itself.
    found = endpoints_of(reading, key, cluster) if cluster.found_by is Resolution.DNS else []
    return Resource.of(cluster.name, clusters.cluster(cluster, (each.value for each in found)))


def joined(sets: Iterable[ClusterSet]) -> ClusterSet:
    """Return several sets as one."""
    clusters: list[Resource] = []
    assignments: list[Call] = []
    for each in sets:
        clusters += each.clusters
        assignments += each.assignments
    return ClusterSet(tuple(clusters), tuple(assignments))


def cluster_set(reading: Reading, keys: tuple[ClusterKey, ...]) -> ClusterSet:
    """Return clusters and what makes their assignments; what does not exist is left out."""
    clusters, assignments = [], []
    for key in keys:
        resource: Resource | None = reading.value_or_none(Call(cluster_resource, (key,)))
        if resource is None:
            continue
        clusters.append(resource)
        if resource.eds_service_name:
            assignments.append(Call(assignment, (key,)))
    return ClusterSet(tuple(clusters), tuple(assignments))


def assignment(reading: Reading, key: ClusterKey) -> Resource | None:
    """Return an encoded ClusterLoadAssignment; None if its cluster does not exist any more."""
    cluster = reading.make(cluster_of, key)
    if cluster is None or cluster.found_by is not Resolution.STATIC:
        return None
    # EDS takes IP addresses only: endpoints with any other are left out.
    found = [each for each in endpoints_of(reading, key, cluster) if is_ip(each.value.address)]
    body = endpoints.assignment(cluster.name, ((each.value.locality, each.body) for each in found))
    return Resource.encoded(cluster.name, CLUSTER_LOAD_ASSIGNMENT, body)


def endpoints_of(reading: Reading, key: ClusterKey, cluster: Cluster) -> list[Encoded]:
    """Return a cluster's endpoints, in order of address and port, each once."""
    found = chosen(reading, key)
    labels: Labels = ()
    if found is not None and found.subset is not None:
        labels = tuple(sorted(found.subset.labels.items()))
    port, subset_keys = key.port, cluster.subset_keys
    return _each_once(
        each
        for block in reading.make(endpoint_blocks, key.hostname)
        for each in reading.make(encoded_block, block, key.hostname, port, subset_keys, labels)
    )


def _each_once(found: Iterable[Encoded]) -> list[Encoded]:
    """Return endpoints by address and port, each once.

    A Pod of a dual-stack service stands in EndpointSlices of both families; it is one endpoint, at
    its IPv4 address.
    """
    by_place = {(each.value.address, each.value.port): each for each in found}
    ordered = [by_place[place] for place in sorted(by_place)]
    if not any(":" in each.value.address for each in ordered):
        return ordered
    in_ipv4 = {each.workload for each in ordered if ":" not in each.value.address} - {None}
    return [
        each for each in ordered if ":" not in each.value.address or each.workload not in in_ipv4
    ]


def encoded_block(
    reading: Reading,
    block: Block,
    hostname: str,
    port: int,
    subset_keys: tuple[str, ...],
    labels: Labels,
) -> tuple[Encoded, ...]:
    """Return the encoded endpoints of a block."""
    service = reading.service(hostname)
    service_port = service.port(port) if service is not None else None
    if service is None or service_port is None:
        return ()
    encoded = []
    for item in endpoints_in(reading, block, service, service_port):
        if all(item.labels.get(key) == value for key, value in labels):
            endpoint = neutral_endpoint(reading, item, subset_keys)
            encoded.append(Encoded(endpoint, endpoints.encode_endpoint(endpoint), item.workload))
    return tuple(encoded)
