"""Endpoints: each encoded separately, and assignments joined from them.

So one changed endpoint costs one encoding, however many others there are.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from envoy.config.core.v3 import base_pb2
from envoy.config.endpoint.v3 import endpoint_components_pb2, endpoint_pb2

from straightway.discovery import encoded_field, encoded_field_head
from straightway.routing.clusters import Endpoint
from straightway.translate.subsets import METADATA_NAMESPACE

# ClusterLoadAssignment.endpoints and LocalityLbEndpoints.lb_endpoints have the same number.
_ENDPOINTS = 2


def encode_endpoint(endpoint: Endpoint) -> bytes:
    """Return an endpoint as :func:`assignment` joins it: tag, length and encoded ``LbEndpoint``."""
    message = endpoint_components_pb2.LbEndpoint()
    socket_address = message.endpoint.address.socket_address
    socket_address.address = endpoint.address
    socket_address.port_value = endpoint.port
    if endpoint.weight:
        message.load_balancing_weight.value = endpoint.weight
    if endpoint.values:
        metadata = message.metadata.filter_metadata[METADATA_NAMESPACE]
        for key, values in endpoint.values:
            metadata.get_or_create_list(key).extend(values)
    return encoded_field(_ENDPOINTS, message.SerializeToString(deterministic=True))


def assignment(cluster: str, endpoints: Iterable[tuple[str, bytes]]) -> tuple[bytes, ...]:
    """Return the encoded ``ClusterLoadAssignment`` of a cluster, in parts.

    ``endpoints`` are pairs of a locality and joined results of :func:`encode_endpoint`. Localities
    are sorted, endpoints within them keep the given order.
    """
    localities: dict[str, list[bytes]] = {}
    for locality, encoded in endpoints:
        localities.setdefault(locality, []).append(encoded)
    head: bytes = endpoint_pb2.ClusterLoadAssignment(cluster_name=cluster).SerializeToString()
    parts = [head]
    for name, members in sorted(localities.items()):
        group = _locality(name)
        size = len(group) + sum(map(len, members))
        parts += (encoded_field_head(_ENDPOINTS, size) + group, *members)
    return tuple(parts)


@lru_cache(maxsize=1024)
def _locality(name: str) -> bytes:
    """Return the start of a ``LocalityLbEndpoints``; empty without a locality name."""
    if not name:
        return b""
    region, zone, sub_zone, *_ = [*name.split("/"), "", "", ""]
    locality = base_pb2.Locality(region=region, zone=zone, sub_zone=sub_zone)
    group: bytes = endpoint_components_pb2.LocalityLbEndpoints(
        locality=locality
    ).SerializeToString()
    return group
