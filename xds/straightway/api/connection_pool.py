"""connectionPool: limits on connections and requests to a host."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from straightway.api.durations import Duration, PositiveDuration
from straightway.api.model import Model, Untranslated
from straightway.api.values import Bool, Limit


class H2UpgradePolicy(StrEnum):
    """Whether HTTP/1.1 requests are sent on as HTTP/2."""

    DEFAULT = "DEFAULT"
    DO_NOT_UPGRADE = "DO_NOT_UPGRADE"
    UPGRADE = "UPGRADE"


class TcpKeepalive(Model):
    """TCP keep-alive; None or 0: the operating system's default."""

    probes: Limit | None = None
    """Unanswered probes until the connection counts as dead."""
    time: Duration | None = None
    """How long a connection is idle before the first probe."""
    interval: Duration | None = None
    """The time between two probes."""


class TcpSettings(Model):
    """Limits on connections. None or 0: Envoy's default."""

    max_connections: Limit | None = None
    """The most connections to the host; 0: Envoy's default."""
    connect_timeout: PositiveDuration | None = None
    """How long connecting may take; 10s without it."""
    tcp_keepalive: TcpKeepalive | None = None
    """TCP keep-alive of the connections."""
    max_connection_duration: PositiveDuration | None = None
    """The longest life of a connection."""
    idle_timeout: Annotated[
        None, Untranslated("connections stay open; for HTTP write http.idleTimeout")
    ] = None


class HttpSettings(Model):
    """Limits on requests. None or 0: Envoy's default."""

    http1_max_pending_requests: Limit | None = None
    """The most requests that wait for a connection; 0: Envoy's default."""
    http2_max_requests: Limit | None = None
    """The most requests at a time; 0: Envoy's default."""
    max_requests_per_connection: Limit | None = None
    """The most requests on one connection; 1 turns keep-alive off, 0 is no limit."""
    max_retries: Limit | None = None
    """The most retries at a time; 0: Envoy's default."""
    idle_timeout: Duration | None = None
    """How long a connection without requests stays open; 0s: for ever."""
    h2_upgrade_policy: H2UpgradePolicy = H2UpgradePolicy.DEFAULT
    """Whether HTTP/1.1 requests are sent on as HTTP/2."""
    use_client_protocol: Bool = False
    """Whether requests are sent on in the protocol of the client."""
    max_concurrent_streams: Limit | None = None
    """The most requests at a time on one HTTP/2 connection; 0: Envoy's default."""


class ConnectionPool(Model):
    """Limits to one host, for each Envoy."""

    tcp: TcpSettings = Field(default_factory=TcpSettings)
    """Limits on connections."""
    http: HttpSettings = Field(default_factory=HttpSettings)
    """Limits on requests."""
