"""What a proxy is sent, decoded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from envoy.config.cluster.v3 import cluster_pb2
from envoy.config.endpoint.v3 import endpoint_pb2
from envoy.config.listener.v3 import listener_pb2
from envoy.config.route.v3 import route_pb2
from google.protobuf import any_pb2
from google.protobuf.message import Message

from straightway.catalog import Catalog
from straightway.discovery import Resource
from straightway.offline.dump import resources_for
from straightway.proxies.audience import audience_in, proxy_of

M = TypeVar("M", bound=Message)


@dataclass(frozen=True)
class ProxyConfig:
    """The messages for one proxy; clusters and assignments by name, without the static ones."""

    listeners: list[listener_pb2.Listener]
    routes: list[route_pb2.RouteConfiguration]
    clusters: dict[str, cluster_pb2.Cluster]
    assignments: dict[str, endpoint_pb2.ClusterLoadAssignment]

    def addresses(self, cluster: str) -> list[str]:
        """The addresses of an assignment's endpoints."""
        return [
            each.endpoint.address.socket_address.address
            for group in self.assignments[cluster].endpoints
            for each in group.lb_endpoints
        ]


def proxy_config(catalog: Catalog, node_id: str, metadata: Mapping[str, Any]) -> ProxyConfig:
    """What the proxy with a node id and metadata is sent."""
    sent = resources_for(catalog, audience_in(proxy_of(node_id, metadata), catalog))
    clusters = [decoded(each, cluster_pb2.Cluster) for each in sent["cluster"]]
    assignments = [decoded(each, endpoint_pb2.ClusterLoadAssignment) for each in sent["endpoint"]]
    return ProxyConfig(
        listeners=[decoded(each, listener_pb2.Listener) for each in sent["listener"]],
        routes=[decoded(each, route_pb2.RouteConfiguration) for each in sent["route"]],
        clusters={each.name: each for each in clusters if each.name.startswith("outbound|")},
        assignments={each.cluster_name: each for each in assignments},
    )


def decoded(resource: Resource, kind: type[M]) -> M:
    """The message of a resource."""
    message = kind()
    assert any_pb2.Any.FromString(resource.body).Unpack(message)
    return message
