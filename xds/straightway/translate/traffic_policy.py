"""Policy: load balancing, connection pools and outlier detection of a cluster."""

from __future__ import annotations

from datetime import timedelta
from typing import TypeAlias

from envoy.config.cluster.v3 import cluster_pb2, outlier_detection_pb2
from envoy.config.core.v3 import protocol_pb2
from envoy.extensions.upstreams.http.v3 import http_protocol_options_pb2

from straightway.routing.clusters import Cluster
from straightway.routing.policies import (
    Balancing,
    ConnectionPool,
    Http2,
    Keepalive,
    Maglev,
    OutlierDetection,
    Policy,
    RingHash,
    SimpleBalancing,
)
from straightway.translate.durations import duration

Message: TypeAlias = cluster_pb2.Cluster
HttpProtocolOptions: TypeAlias = http_protocol_options_pb2.HttpProtocolOptions

_UNLIMITED = 2**32 - 1
_SIMPLE = {
    SimpleBalancing.RANDOM: Message.RANDOM,
    SimpleBalancing.ROUND_ROBIN: Message.ROUND_ROBIN,
    SimpleBalancing.LEAST_REQUEST: Message.LEAST_REQUEST,
    SimpleBalancing.PASSTHROUGH: Message.CLUSTER_PROVIDED,
}


def apply_policy(message: Message, policy: Policy) -> None:
    """Apply a policy except subsets and protocols; a cluster's own ``lb_policy`` stays."""
    if message.lb_policy != Message.CLUSTER_PROVIDED:
        _set_balancing(message, policy.balancing)
    set_connection_pool(message, policy.pool)
    if policy.outliers is not None:
        _set_outlier_detection(message, policy.outliers)


def _set_balancing(message: Message, balancing: Balancing) -> None:
    if isinstance(balancing, RingHash):
        message.lb_policy = Message.RING_HASH
        # Set even if it is Envoy's default, because it decides which endpoint a key maps to.
        message.ring_hash_lb_config.minimum_ring_size.value = balancing.minimum_size
    elif isinstance(balancing, Maglev):
        message.lb_policy = Message.MAGLEV
        if balancing.table_size is not None:
            message.maglev_lb_config.table_size.value = balancing.table_size
    else:
        message.lb_policy = _SIMPLE[balancing]


def set_connection_pool(message: Message, pool: ConnectionPool) -> None:
    """Set the limits of a cluster, and how it connects."""
    # By default Envoy limits connections, requests and pending requests to 1,024, retries to 3.
    thresholds = message.circuit_breakers.thresholds.add()
    thresholds.max_connections.value = pool.max_connections or _UNLIMITED
    thresholds.max_pending_requests.value = pool.max_pending_requests or _UNLIMITED
    thresholds.max_requests.value = pool.max_requests or _UNLIMITED
    thresholds.max_retries.value = pool.max_retries or _UNLIMITED
    if pool.connect_timeout is not None:
        message.connect_timeout.CopyFrom(duration(pool.connect_timeout))
    if pool.keepalive is not None:
        _set_keepalive(message, pool.keepalive)


def _set_keepalive(message: Message, keepalive: Keepalive) -> None:
    settings = message.upstream_connection_options.tcp_keepalive
    settings.SetInParent()
    if keepalive.probes is not None:
        settings.keepalive_probes.value = keepalive.probes
    if keepalive.time is not None:
        settings.keepalive_time.value = _whole_seconds(keepalive.time)
    if keepalive.interval is not None:
        settings.keepalive_interval.value = _whole_seconds(keepalive.interval)


def _whole_seconds(value: timedelta) -> int:
    return max(1, round(value.total_seconds()))


def _set_outlier_detection(message: Message, outliers: OutlierDetection) -> None:
    detection = message.outlier_detection
    detection.SetInParent()
    # The model has no statistical detection: only consecutive failures eject an endpoint.
    detection.enforcing_success_rate.value = 0
    _set_consecutive(detection, outliers)
    if outliers.interval is not None:
        detection.interval.CopyFrom(duration(outliers.interval))
    if outliers.base_ejection_time is not None:
        detection.base_ejection_time.CopyFrom(duration(outliers.base_ejection_time))
    if outliers.longest_ejection_time is not None:
        detection.max_ejection_time.CopyFrom(duration(outliers.longest_ejection_time))
    if outliers.max_ejection_percent is not None:
        detection.max_ejection_percent.value = outliers.max_ejection_percent
    if outliers.min_health_percent is not None:
        message.common_lb_config.healthy_panic_threshold.value = outliers.min_health_percent
    if outliers.splits_local_origin_errors:
        detection.split_external_local_origin_errors = True
        detection.enforcing_local_origin_success_rate.value = 0


def _set_consecutive(
    detection: outlier_detection_pb2.OutlierDetection, outliers: OutlierDetection
) -> None:
    counts = {
        "consecutive_5xx": outliers.consecutive_5xx,
        "consecutive_gateway_failure": outliers.consecutive_gateway_failures,
        "consecutive_local_origin_failure": outliers.consecutive_local_origin_failures,
    }
    for name, count in counts.items():
        if count is None:
            continue
        if count:
            getattr(detection, name).value = count
        # Envoy has no count that means never; an enforcement of 0 disables it.
        getattr(detection, f"enforcing_{name}").value = 100 if count else 0


def protocol_options(cluster: Cluster) -> HttpProtocolOptions | None:
    """Return the HTTP options for the endpoints; None leaves Envoy's default, HTTP/1.1.

    If the port declares no protocol, the client's is used, as in Istio.
    """
    pool = cluster.policy.pool
    options = HttpProtocolOptions()
    _set_common(options, pool)
    known = cluster.is_http or pool.http2 is Http2.ALWAYS
    if pool.http2 is Http2.AS_CLIENT_DOES or not known:
        downstream = options.use_downstream_protocol_config
        downstream.http_protocol_options.SetInParent()
        _set_http2(downstream.http2_protocol_options, pool)
    elif cluster.speaks_http2 or pool.http2 is Http2.ALWAYS:
        _set_http2(options.explicit_http_config.http2_protocol_options, pool)
    elif options.HasField("common_http_protocol_options"):
        options.explicit_http_config.http_protocol_options.SetInParent()
    else:
        return None
    return options


def _set_common(options: HttpProtocolOptions, pool: ConnectionPool) -> None:
    common = options.common_http_protocol_options
    if pool.idle_timeout is not None:
        common.idle_timeout.CopyFrom(duration(pool.idle_timeout))
    if pool.max_requests_per_connection is not None:
        common.max_requests_per_connection.value = pool.max_requests_per_connection
    if pool.max_connection_duration is not None:
        common.max_connection_duration.CopyFrom(duration(pool.max_connection_duration))


def _set_http2(options: protocol_pb2.Http2ProtocolOptions, pool: ConnectionPool) -> None:
    options.SetInParent()
    if pool.max_concurrent_streams is not None:
        options.max_concurrent_streams.value = pool.max_concurrent_streams
