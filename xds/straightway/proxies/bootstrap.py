"""Envoy's bootstrap: its identity and the address of its control plane.

The Envoy gets everything else over ADS. The bootstrap is built with the dataclasses of
``envoy-data-plane``, whose import takes most of a second: import this module only where needed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import betterproto2
from envoy_data_plane.envoy.config.bootstrap import v3 as bootstrap
from envoy_data_plane.envoy.config.cluster import v3 as cluster
from envoy_data_plane.envoy.config.core import v3 as core
from envoy_data_plane.envoy.config.endpoint import v3 as endpoint
from envoy_data_plane.envoy.config.overload import v3 as overload
from envoy_data_plane.envoy.extensions.resource_monitors.downstream_connections import (
    v3 as downstream_connections,
)
from envoy_data_plane.envoy.extensions.upstreams.http import v3 as upstream_http
from envoy_data_plane.google import protobuf

from straightway.proxies.addresses import Address
from straightway.proxies.kubelet import NO_LISTENERS, KubeletListeners
from straightway.proxies.xds_tls import XdsTls, http_filters, transport_socket

XDS_CLUSTER = "xds-grpc"
"""The name of the control plane's static cluster, as in Istio's bootstraps."""

HTTP_PROTOCOL_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
DOWNSTREAM_CONNECTIONS = "envoy.resource_monitors.global_downstream_max_connections"

MAX_DOWNSTREAM_CONNECTIONS = 100_000
"""Connections that one Envoy accepts. Without a limit, Envoy logs a warning at every start."""

LARGEST_REGEX = 32_768
"""RE2 instructions that a regular expression may compile to, as in Istio. Envoy allows 100."""


@dataclass(frozen=True, slots=True)
class Node:
    """How one Envoy identifies itself to the control plane.

    ``id`` is an Istio id (``router~10.0.0.2~gw-1.istio-system~istio-system.svc.cluster.local``) or
    any other text; for other ids ``metadata`` gives role and namespace (``ROLE``, ``NAMESPACE``).
    """

    id: str
    labels: Mapping[str, str] = field(default_factory=dict)
    metadata: Mapping[str, str] = field(default_factory=dict)

    def message(self) -> core.Node:
        """Return the ``envoy.config.core.v3.Node``, with Istio's cluster name ``app.namespace``."""
        parts = self.id.split("~")
        pod, domain = parts[2:] if len(parts) == 4 else ("", "")
        namespace = self.metadata.get("NAMESPACE") or domain.partition(".")[0]
        application = self.labels.get("app") or pod.removesuffix(f".{namespace}") or self.id
        known = {"NAMESPACE": namespace} if namespace else {}
        metadata = {**known, **self.metadata, "LABELS": dict(self.labels)}
        return core.Node(
            id=self.id,
            cluster=f"{application}.{namespace}" if namespace else application,
            metadata=protobuf.Struct.from_dict(metadata),
        )


def make_bootstrap(
    node: Node,
    xds: Address,
    *,
    admin: Address,
    delta: bool = True,
    tls: XdsTls | None = None,
    kubelet: KubeletListeners = NO_LISTENERS,
) -> bootstrap.Bootstrap:
    """Return the complete bootstrap of one Envoy.

    ``xds`` is the address of the control plane, ``admin`` that of the Envoy's admin interface
    (port 0 picks a free port); ``delta`` selects incremental xDS over state of the world. ``tls``
    is how it reaches the control plane; None is without TLS. ``kubelet`` says where a proxy in a
    Pod answers readiness probes and the like.
    """
    ads = core.ConfigSource(
        ads=core.AggregatedConfigSource(),
        resource_api_version=core.ApiVersion.V3,
        # 0 waits without limit. After the default of 15 s, an Envoy that has not reached its
        # control plane would report ready without any listener.
        initial_fetch_timeout=timedelta(0),
    )
    return bootstrap.Bootstrap(
        node=node.message(),
        admin=bootstrap.Admin(address=_socket(admin)),
        dynamic_resources=bootstrap.BootstrapDynamicResources(
            ads_config=_ads_stream(delta=delta), cds_config=ads, lds_config=ads
        ),
        static_resources=bootstrap.BootstrapStaticResources(
            clusters=[_xds_cluster(xds, tls), *kubelet.clusters(admin)],
            listeners=kubelet.listeners(),
        ),
        # Envoy creates a cluster's traffic stats with the first request, as in Istio. They account
        # for nearly half the cost of a new cluster.
        deferred_stat_options=bootstrap.BootstrapDeferredStatOptions(
            enable_deferred_creation_stats=True
        ),
        overload_manager=_connection_limit(),
        layered_runtime=_runtime(),
    )


def to_dict(message: bootstrap.Bootstrap) -> dict[str, Any]:
    """Return a bootstrap as plain data, with the field names of Envoy's documentation."""
    return message.to_dict(casing=betterproto2.Casing.SNAKE)


def _ads_stream(*, delta: bool) -> core.ApiConfigSource:
    api_type = core.ApiConfigSourceApiType.DELTA_GRPC if delta else core.ApiConfigSourceApiType.GRPC
    return core.ApiConfigSource(
        api_type=api_type,
        transport_api_version=core.ApiVersion.V3,
        set_node_on_first_message_only=True,
        grpc_services=[
            core.GrpcService(
                envoy_grpc=core.GrpcServiceEnvoyGrpc(
                    cluster_name=XDS_CLUSTER,
                    # Envoy's default of 30 s would delay reconnecting to a restarted server.
                    retry_policy=core.RetryPolicy(
                        retry_back_off=core.BackoffStrategy(
                            base_interval=timedelta(milliseconds=200),
                            max_interval=timedelta(seconds=5),
                        )
                    ),
                )
            )
        ],
    )


def _xds_cluster(xds: Address, tls: XdsTls | None) -> cluster.Cluster:
    kind = cluster.ClusterDiscoveryType
    host = endpoint.LbEndpoint(endpoint=endpoint.Endpoint(address=_socket(xds)))
    # Envoy detects a control plane that is gone without a FIN within interval plus timeout.
    keepalive = core.KeepaliveSettings(interval=timedelta(seconds=30), timeout=timedelta(seconds=5))
    http2 = upstream_http.HttpProtocolOptions(
        explicit_http_config=upstream_http.HttpProtocolOptionsExplicitHttpConfig(
            http2_protocol_options=core.Http2ProtocolOptions(connection_keepalive=keepalive)
        ),
        http_filters=http_filters(tls) if tls is not None else [],
    )
    tcp = core.TcpKeepalive(keepalive_time=30, keepalive_interval=5, keepalive_probes=3)
    return cluster.Cluster(
        name=XDS_CLUSTER,
        type=kind.STATIC if xds.is_ip else kind.STRICT_DNS,
        dns_lookup_family=cluster.ClusterDnsLookupFamily.V4_PREFERRED,
        connect_timeout=timedelta(seconds=1),
        load_assignment=endpoint.ClusterLoadAssignment(
            cluster_name=XDS_CLUSTER,
            endpoints=[endpoint.LocalityLbEndpoints(lb_endpoints=[host])],
        ),
        transport_socket=transport_socket(tls, xds.host) if tls is not None else None,
        typed_extension_protocol_options={HTTP_PROTOCOL_OPTIONS: protobuf.Any.pack(http2)},
        upstream_connection_options=cluster.UpstreamConnectionOptions(tcp_keepalive=tcp),
    )


def _runtime() -> bootstrap.LayeredRuntime:
    values = protobuf.Struct.from_dict({"re2.max_program_size.error_level": LARGEST_REGEX})
    return bootstrap.LayeredRuntime(
        layers=[
            bootstrap.RuntimeLayer(name="static", static_layer=values),
            bootstrap.RuntimeLayer(name="admin", admin_layer=bootstrap.RuntimeLayerAdminLayer()),
        ]
    )


def _connection_limit() -> overload.OverloadManager:
    limit = downstream_connections.DownstreamConnectionsConfig(
        max_active_downstream_connections=MAX_DOWNSTREAM_CONNECTIONS
    )
    monitor = overload.ResourceMonitor(
        name=DOWNSTREAM_CONNECTIONS, typed_config=protobuf.Any.pack(limit)
    )
    return overload.OverloadManager(resource_monitors=[monitor])


def _socket(address: Address) -> core.Address:
    return core.Address(
        socket_address=core.SocketAddress(address=address.host, port_value=address.port)
    )
