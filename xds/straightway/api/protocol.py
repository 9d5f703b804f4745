"""The protocol of a port."""

from __future__ import annotations

from enum import StrEnum


class Protocol(StrEnum):
    """The protocol of a port."""

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
        """Whether it is plaintext HTTP (including gRPC)."""
        return self in _HTTP


_HTTP = frozenset({Protocol.HTTP, Protocol.HTTP2, Protocol.GRPC, Protocol.GRPC_WEB})
