"""The settings of a discovery server."""

from __future__ import annotations

from dataclasses import dataclass, field

from straightway.discovery.limits import Limits


@dataclass(frozen=True, slots=True)
class Settings:
    """Limits of a :class:`~straightway.discovery.DiscoveryServer`; times in seconds.

    ``hold`` limits how long listeners and routes wait for a client to fetch the endpoints of
    previously sent clusters, and how long a removal waits for it to give up the name.
    ``stuck_after`` is how long a client may leave a response unread before its stream is closed.
    ``status_size`` limits a response of the client status discovery service: its clients and their
    resources together.
    """

    hold: float = 1.0
    stuck_after: float = 30.0
    limits: Limits = field(default_factory=Limits)
    status_size: int = 100_000


def grpc_options(
    *,
    keepalive: float = 30.0,
    keepalive_timeout: float = 10.0,
    max_connection_age: float | None = None,
    max_message_bytes: int = 16 << 20,
    max_streams_per_connection: int = 1000,
) -> list[tuple[str, int]]:
    """Return options for ``grpc.aio.server`` that suit Envoys.

    Pings every ``keepalive`` seconds keep NAT mappings and idle connections alive, and detect
    within ``keepalive_timeout`` seconds when an Envoy has disappeared; an Envoy may itself ping as
    often as every 10 s. With ``max_connection_age`` (seconds; gRPC adds 10 % of jitter either way)
    connections are closed gracefully when they get old, so that Envoys spread over replicas;
    streams get 10 s to end. Two servers never silently share a port. ``max_message_bytes`` limits
    what a client can send at once: the first message of a reconnecting client names everything that
    it holds.
    """
    options = [
        ("grpc.keepalive_time_ms", round(keepalive * 1000)),
        # Which of the two applies depends on gRPC's version.
        ("grpc.keepalive_timeout_ms", round(keepalive_timeout * 1000)),
        ("grpc.http2.ping_timeout_ms", round(keepalive_timeout * 1000)),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
        ("grpc.http2.max_pings_without_data", 0),
        ("grpc.max_concurrent_streams", max_streams_per_connection),
        ("grpc.max_receive_message_length", max_message_bytes),
        ("grpc.max_send_message_length", -1),
        ("grpc.so_reuseport", 0),
    ]
    if max_connection_age is not None:
        options += [
            ("grpc.max_connection_age_ms", round(max_connection_age * 1000)),
            ("grpc.max_connection_age_grace_ms", 10_000),
        ]
    return options
