"""Endpoints: a service's workloads as a ClusterLoadAssignment.

The encoded ``LbEndpoint`` is kept for each distinct endpoint, so one changed label encodes one
endpoint anew; the assignment is joined from those bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from envoy.config.core.v3 import base_pb2
from envoy.config.endpoint.v3 import endpoint_components_pb2, endpoint_pb2

from straightway.catalog.endpoints import Endpoint
from straightway.discovery import encoded_field
from straightway.translate.subsets import METADATA_NAMESPACE, subset_values

SubsetValues = tuple[tuple[str, tuple[str, ...]], ...]


def load_assignment(
    cluster: str, endpoints: Iterable[Endpoint], keys: Sequence[str], labels: Mapping[str, str]
) -> bytes:
    """Return the encoded ClusterLoadAssignment of a cluster.

    ``keys`` are those of its dynamic subsets; only endpoints that carry all of ``labels`` (those
    of a DestinationRule's named subset) are in it.
    """
    localities: dict[str, list[bytes]] = {}
    for endpoint in endpoints:
        if labels and any(endpoint.labels.get(key) != value for key, value in labels.items()):
            continue
        values = tuple(
            (key, found)
            for key in keys
            if (found := subset_values(key, endpoint.labels, endpoint.annotations))
        )
        encoded = encode_endpoint(endpoint.address, endpoint.port, endpoint.weight, values)
        localities.setdefault(endpoint.locality, []).append(encoded)
    assignment: bytes = endpoint_pb2.ClusterLoadAssignment(cluster_name=cluster).SerializeToString()
    return assignment + b"".join(
        encoded_field(2, _locality(name) + b"".join(members))
        for name, members in sorted(localities.items())
    )


@lru_cache(maxsize=1 << 16)
def encode_endpoint(address: str, port: int, weight: int, values: SubsetValues) -> bytes:
    """Return an encoded ``LbEndpoint`` as an element of ``LocalityLbEndpoints.lb_endpoints``."""
    message = lb_endpoint(address, port, weight)
    if values:
        metadata = message.metadata.filter_metadata[METADATA_NAMESPACE]
        for key, found in values:
            metadata.get_or_create_list(key).extend(found)
    return encoded_field(2, message.SerializeToString(deterministic=True))


def lb_endpoint(address: str, port: int, weight: int) -> endpoint_components_pb2.LbEndpoint:
    """Return an ``LbEndpoint``; ``weight`` 0 means unset."""
    message = endpoint_components_pb2.LbEndpoint()
    socket_address = message.endpoint.address.socket_address
    socket_address.address = address
    socket_address.port_value = port
    if weight:
        message.load_balancing_weight.value = weight
    return message


def _locality(name: str) -> bytes:
    if not name:
        return b""
    region, zone, sub_zone, *_ = [*name.split("/"), "", "", ""]
    locality = base_pb2.Locality(region=region, zone=zone, sub_zone=sub_zone)
    group: bytes = endpoint_components_pb2.LocalityLbEndpoints(
        locality=locality
    ).SerializeToString()
    return group
