"""TrafficPolicy: load balancing, connection pools and outlier detection of a cluster."""

from __future__ import annotations

from datetime import timedelta
from typing import TypeAlias

from envoy.config.cluster.v3 import cluster_pb2, outlier_detection_pb2
from envoy.config.core.v3 import protocol_pb2
from envoy.extensions.upstreams.http.v3 import http_protocol_options_pb2
from google.protobuf.duration_pb2 import Duration

from straightway.api.connection_pool import ConnectionPool, H2UpgradePolicy, TcpSettings
from straightway.api.destination_rule import TrafficPolicy
from straightway.api.load_balancer import ConsistentHash, LoadBalancer, SimpleLoadBalancer
from straightway.api.outlier_detection import OutlierDetection
from straightway.catalog.services import ServicePort

Cluster: TypeAlias = cluster_pb2.Cluster
HttpProtocolOptions: TypeAlias = http_protocol_options_pb2.HttpProtocolOptions

_UNLIMITED = 2**32 - 1
_SIMPLE = {
    SimpleLoadBalancer.RANDOM: Cluster.RANDOM,
    SimpleLoadBalancer.ROUND_ROBIN: Cluster.ROUND_ROBIN,
    # Istio's default and its other names for it.
    SimpleLoadBalancer.UNSPECIFIED: Cluster.LEAST_REQUEST,
    SimpleLoadBalancer.LEAST_CONN: Cluster.LEAST_REQUEST,
    SimpleLoadBalancer.LEAST_REQUEST: Cluster.LEAST_REQUEST,
}


def duration(value: timedelta) -> Duration:
    """Return a protobuf Duration."""
    message = Duration()
    message.FromTimedelta(value)
    return message


def apply_traffic_policy(cluster: Cluster, policy: TrafficPolicy) -> None:
    """Set what a policy says, and Istio's defaults where it says nothing."""
    if cluster.lb_policy != Cluster.CLUSTER_PROVIDED:
        _set_balancer(cluster, policy.load_balancer)
    _set_connection_pool(cluster, policy.connection_pool or ConnectionPool())
    if policy.outlier_detection is not None:
        _set_outlier_detection(cluster, policy.outlier_detection)


def _set_balancer(cluster: Cluster, balancer: LoadBalancer | None) -> None:
    cluster.lb_policy = Cluster.LEAST_REQUEST
    if balancer is None:
        return
    if balancer.simple is not None:
        cluster.lb_policy = _SIMPLE[balancer.simple]
    if balancer.consistent_hash is not None:
        _set_consistent_hash(cluster, balancer.consistent_hash)


def _set_consistent_hash(cluster: Cluster, consistent_hash: ConsistentHash) -> None:
    if consistent_hash.maglev is not None:
        cluster.lb_policy = Cluster.MAGLEV
        if consistent_hash.maglev.table_size:
            cluster.maglev_lb_config.table_size.value = consistent_hash.maglev.table_size
        return
    cluster.lb_policy = Cluster.RING_HASH
    ring = consistent_hash.ring_hash
    minimum = (ring.minimum_ring_size if ring else None) or consistent_hash.minimum_ring_size
    # 1,024 is Envoy's own default; written out because it decides which endpoint a key goes to.
    cluster.ring_hash_lb_config.minimum_ring_size.value = minimum or 1024


def _set_connection_pool(cluster: Cluster, pool: ConnectionPool) -> None:
    # Istio lifts Envoy's limits of 1,024 connections, requests and pending requests, and 3 retries.
    thresholds = cluster.circuit_breakers.thresholds.add()
    limits = {
        "max_connections": pool.tcp.max_connections,
        "max_pending_requests": pool.http.http1_max_pending_requests,
        "max_requests": pool.http.http2_max_requests,
        "max_retries": pool.http.max_retries,
    }
    for name, limit in limits.items():
        getattr(thresholds, name).value = limit or _UNLIMITED
    _set_tcp(cluster, pool.tcp)


def _set_tcp(cluster: Cluster, tcp: TcpSettings) -> None:
    if tcp.connect_timeout:
        cluster.connect_timeout.CopyFrom(duration(tcp.connect_timeout))
    if tcp.tcp_keepalive is not None:
        keepalive = cluster.upstream_connection_options.tcp_keepalive
        keepalive.SetInParent()
        if tcp.tcp_keepalive.probes:
            keepalive.keepalive_probes.value = tcp.tcp_keepalive.probes
        if tcp.tcp_keepalive.time:
            keepalive.keepalive_time.value = _whole_seconds(tcp.tcp_keepalive.time)
        if tcp.tcp_keepalive.interval:
            keepalive.keepalive_interval.value = _whole_seconds(tcp.tcp_keepalive.interval)


def _whole_seconds(value: timedelta) -> int:
    return max(1, round(value.total_seconds()))


def _set_outlier_detection(cluster: Cluster, outlier: OutlierDetection) -> None:
    message = cluster.outlier_detection
    message.SetInParent()
    # Istio offers no statistical detection: only consecutive failures eject an endpoint.
    message.enforcing_success_rate.value = 0
    _set_consecutive(message, outlier)
    if outlier.interval:
        message.interval.CopyFrom(duration(outlier.interval))
    if outlier.base_ejection_time:
        message.base_ejection_time.CopyFrom(duration(outlier.base_ejection_time))
    if outlier.max_ejection_percent is not None:
        message.max_ejection_percent.value = outlier.max_ejection_percent
    if outlier.min_health_percent:
        threshold = cluster.common_lb_config.healthy_panic_threshold
        threshold.value = outlier.min_health_percent
    if outlier.split_external_local_origin_errors:
        message.split_external_local_origin_errors = True


def _set_consecutive(
    message: outlier_detection_pb2.OutlierDetection, outlier: OutlierDetection
) -> None:
    counts = {
        "consecutive_5xx": outlier.consecutive_5xx_errors,
        "consecutive_gateway_failure": outlier.consecutive_gateway_errors,
        "consecutive_local_origin_failure": outlier.consecutive_local_origin_failures,
    }
    for name, count in counts.items():
        if count is None:
            continue
        if count:
            getattr(message, name).value = count
        # Envoy has no count that means never: 0 turns enforcement off.
        getattr(message, f"enforcing_{name}").value = 100 if count else 0


def protocol_options(policy: TrafficPolicy, port: ServicePort) -> HttpProtocolOptions | None:
    """Return how Envoy talks HTTP to the endpoints; None leaves Envoy's default, HTTP/1.1.

    Where the service does not say what its port speaks, it is what the client speaks, as in Istio.
    """
    pool = policy.connection_pool or ConnectionPool()
    upgrades = pool.http.h2_upgrade_policy is H2UpgradePolicy.UPGRADE
    options = HttpProtocolOptions()
    _set_common(options, pool)
    if pool.http.use_client_protocol or not (port.protocol.is_http or upgrades):
        downstream = options.use_downstream_protocol_config
        downstream.http_protocol_options.SetInParent()
        _set_http2(downstream.http2_protocol_options, pool)
    elif port.speaks_http2 or upgrades:
        _set_http2(options.explicit_http_config.http2_protocol_options, pool)
    elif options.HasField("common_http_protocol_options"):
        options.explicit_http_config.http_protocol_options.SetInParent()
    else:
        return None
    return options


def _set_common(options: HttpProtocolOptions, pool: ConnectionPool) -> None:
    common = options.common_http_protocol_options
    if pool.http.idle_timeout is not None:
        common.idle_timeout.CopyFrom(duration(pool.http.idle_timeout))
    if pool.http.max_requests_per_connection:
        common.max_requests_per_connection.value = pool.http.max_requests_per_connection
    if pool.tcp.max_connection_duration is not None:
        common.max_connection_duration.CopyFrom(duration(pool.tcp.max_connection_duration))


def _set_http2(options: protocol_pb2.Http2ProtocolOptions, pool: ConnectionPool) -> None:
    options.SetInParent()
    if pool.http.max_concurrent_streams:
        options.max_concurrent_streams.value = pool.http.max_concurrent_streams
