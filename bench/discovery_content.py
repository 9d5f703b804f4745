"""The resources of the discovery benchmark: clusters, and the endpoints of each.

Besides the clusters that get their endpoints by EDS, some have inline endpoints, so that a change
of clusters does not resend endpoints.
"""

from __future__ import annotations

from typing import Final

from envoy.config.cluster.v3.cluster_pb2 import Cluster
from envoy.config.core.v3.address_pb2 import Address, SocketAddress
from envoy.config.core.v3.config_source_pb2 import AggregatedConfigSource, ApiVersion, ConfigSource
from envoy.config.endpoint.v3.endpoint_components_pb2 import (
    Endpoint,
    LbEndpoint,
    LocalityLbEndpoints,
)
from envoy.config.endpoint.v3.endpoint_pb2 import ClusterLoadAssignment

from straightway.discovery import Resource

ENDPOINTS: Final = 10
"""Endpoints of each cluster."""

_LARGE_CLUSTERS: Final = 50
_LARGE_CLUSTER_ENDPOINTS: Final = 38
"""Makes a cluster of about 1 KiB."""


_EDS_PREFIX: Final = "outbound|"


def has_eds(name: str) -> bool:
    """Whether a cluster of this name gets its endpoints by EDS."""
    return name.startswith(_EDS_PREFIX)


def cluster_name(index: int) -> str:
    """Return the name of a cluster, and of the assignment of its endpoints."""
    return f"{_EDS_PREFIX}8033||service-{index:05}.models.svc.cluster.local"


def cluster(index: int) -> Resource:
    """Return a cluster that gets its endpoints by EDS."""
    name = cluster_name(index)
    source = ConfigSource(ads=AggregatedConfigSource(), resource_api_version=ApiVersion.V3)
    message = Cluster(
        name=name,
        type=Cluster.EDS,
        eds_cluster_config=Cluster.EdsClusterConfig(eds_config=source, service_name=name),
    )
    message.connect_timeout.FromSeconds(5)
    return Resource.of(name, message, eds_service_name=name)


def assignment(index: int, change: int = 0) -> Resource:
    """Return a cluster's endpoints; the port of the first one encodes ``change``."""
    name = cluster_name(index)
    return Resource.of(name, _endpoints(name, index, ENDPOINTS, change))


def large_clusters(change: int = 0) -> list[Resource]:
    """Return 50 clusters of about 1 KiB each with inline endpoints."""
    names = [f"static-{index:02}" for index in range(_LARGE_CLUSTERS)]
    return [
        Resource.of(
            name,
            Cluster(
                name=name,
                type=Cluster.STATIC,
                load_assignment=_endpoints(name, index, _LARGE_CLUSTER_ENDPOINTS, change),
            ),
        )
        for index, name in enumerate(names)
    ]


def _endpoints(name: str, index: int, count: int, change: int) -> ClusterLoadAssignment:
    endpoints = [
        _endpoint(f"10.{index // 250}.{index % 250}.{host + 1}", 8033 + (0 if host else change))
        for host in range(count)
    ]
    return ClusterLoadAssignment(
        cluster_name=name, endpoints=[LocalityLbEndpoints(lb_endpoints=endpoints)]
    )


def _endpoint(address: str, port: int) -> LbEndpoint:
    socket_address = SocketAddress(address=address, port_value=port)
    return LbEndpoint(endpoint=Endpoint(address=Address(socket_address=socket_address)))
