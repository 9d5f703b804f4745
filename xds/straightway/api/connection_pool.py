"""connectionPool: limits on connections and requests to a host."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from straightway.api.model import Model, Untranslated
from straightway.api.values import Bool, Duration, Limit, PositiveDuration


class H2UpgradePolicy(StrEnum):
    """Whether HTTP/1.1 requests are sent on as HTTP/2."""

    DEFAULT = "DEFAULT"
    DO_NOT_UPGRADE = "DO_NOT_UPGRADE"
    UPGRADE = "UPGRADE"


class TcpKeepalive(Model):
    """TCP keep-alive; None or 0: the operating system's default."""

    probes: Limit | None = None
    time: Duration | None = None
    interval: Duration | None = None


class TcpSettings(Model):
    """Limits on connections. None or 0: Envoy's default."""

    max_connections: Limit | None = None
    connect_timeout: PositiveDuration | None = None
    tcp_keepalive: TcpKeepalive | None = None
    max_connection_duration: PositiveDuration | None = None
    idle_timeout: Annotated[
        None, Untranslated("connections stay open; for HTTP write http.idleTimeout")
    ] = None


class HttpSettings(Model):
    """Limits on requests. None or 0: Envoy's default."""

    http1_max_pending_requests: Limit | None = None
    http2_max_requests: Limit | None = None
    max_requests_per_connection: Limit | None = None
    max_retries: Limit | None = None
    idle_timeout: Duration | None = None
    h2_upgrade_policy: H2UpgradePolicy = H2UpgradePolicy.DEFAULT
    use_client_protocol: Bool = False
    max_concurrent_streams: Limit | None = None


class ConnectionPool(Model):
    """Limits to one host, for each Envoy."""

    tcp: TcpSettings = Field(default_factory=TcpSettings)
    http: HttpSettings = Field(default_factory=HttpSettings)
