"""What is spoken at a port."""

from __future__ import annotations

from enum import StrEnum


class Protocol(StrEnum):
    """What is spoken at a port."""

    HTTP = "HTTP"
    HTTP2 = "HTTP2"
    HTTPS = "HTTPS"
    GRPC = "GRPC"
    GRPC_WEB = "GRPC-WEB"
    MONGO = "MONGO"
    MYSQL = "MYSQL"
    REDIS = "REDIS"
    TCP = "TCP"
    TLS = "TLS"
    UDP = "UDP"

    @property
    def is_http(self) -> bool:
        """Whether it is HTTP in the clear (gRPC is)."""
        return self in _HTTP


_HTTP = frozenset({Protocol.HTTP, Protocol.HTTP2, Protocol.GRPC, Protocol.GRPC_WEB})
