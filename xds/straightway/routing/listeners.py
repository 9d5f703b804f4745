"""Listeners: where a proxy takes requests."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Side(StrEnum):
    """Who sends the requests: clients from outside (EDGE), or a sidecar's own application."""

    EDGE = "edge"
    APPLICATION = "application"


@dataclass(frozen=True, slots=True)
class HttpListener:
    """A port at which HTTP is taken; ``routes`` is the name of its route configuration.

    ``captured``: the connections were redirected to another listener, which hands them on, so this
    one binds no port itself.
    """

    address: str
    port: int
    routes: str
    side: Side = Side.EDGE
    captured: bool = False


@dataclass(frozen=True, slots=True)
class JsonTranscoder:
    """JSON over HTTP for gRPC services; the fields are those of Envoy's ``GrpcJsonTranscoder``.

    ``descriptor`` is an encoded ``FileDescriptorSet`` that has all of ``services``. The largest
    bodies are in bytes. ``first``: it sees requests before all other filters.
    """

    descriptor: bytes
    services: tuple[str, ...]
    largest_request: int
    largest_response: int
    converts_grpc_status: bool = False
    ignored_query_parameters: tuple[str, ...] = ()
    ignores_unknown_query_parameters: bool = False
    auto_mapping: bool = False
    adds_whitespace: bool = False
    prints_primitive_fields: bool = False
    prints_enums_as_ints: bool = False
    keeps_proto_field_names: bool = False
    first: bool = False
