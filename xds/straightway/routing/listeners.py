"""Listeners: where a proxy accepts requests."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Side(StrEnum):
    """Who sends the requests: external clients (EDGE), or a sidecar's own application."""

    EDGE = "edge"
    APPLICATION = "application"


@dataclass(frozen=True, slots=True)
class HttpListener:
    """A port that accepts HTTP; ``routes`` is the name of its route configuration.

    ``captured``: connections are redirected to another listener, which hands them over, so this one
    binds no port. ``finds_keys``: the proxy can find subset keys wherever a request has them, and
    not only in headers. ``answers_missing``: it can answer requests for what no endpoint has.
    """

    address: str
    port: int
    routes: str
    side: Side = Side.EDGE
    captured: bool = False
    finds_keys: bool = False
    answers_missing: bool = False


@dataclass(frozen=True, slots=True)
class JsonTranscoder:
    """JSON over HTTP for gRPC services; the fields are those of Envoy's ``GrpcJsonTranscoder``.

    ``descriptor`` is an encoded ``FileDescriptorSet`` that defines all of ``services``. The body
    limits are in bytes. ``first``: it runs before all other filters.
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
