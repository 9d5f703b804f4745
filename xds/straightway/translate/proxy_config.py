"""What one audience is sent, before it is encoded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from envoy.config.cluster.v3 import cluster_pb2
from envoy.config.listener.v3 import listener_pb2
from envoy.config.route.v3 import route_pb2

from straightway.documents import Reference
from straightway.translate.destinations import ClusterPlan


@dataclass(slots=True)
class ProxyConfig:
    """Listeners, routes and clusters of one audience.

    ``plans`` are the clusters of services, by name; ``static_clusters`` the few others.
    ``sources`` tells from which objects a listener or a route configuration was made, by name.
    """

    listeners: list[listener_pb2.Listener] = field(default_factory=list)
    routes: list[route_pb2.RouteConfiguration] = field(default_factory=list)
    plans: Mapping[str, ClusterPlan] = field(default_factory=dict)
    static_clusters: list[cluster_pb2.Cluster] = field(default_factory=list)
    sources: dict[str, frozenset[Reference]] = field(default_factory=dict)
