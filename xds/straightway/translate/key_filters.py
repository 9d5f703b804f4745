"""The filters that find subset keys in requests, as they stand in every HTTP filter chain.

They do nothing there: a route that needs one turns it on. They are always present, because a change
of the filter chain drains the listener's connections, and a new rule must take effect at once on
open ones. All but ``header_to_metadata`` are for Envoy 1.38 and newer only, and optional: a proxy
that was built without one leaves it out, here and in routes. Without a filter, its config at a
route has no effect.

- ``json_to_metadata`` is configured by routes; its rule here is there because none is an error in
  older versions.
- ``grpc_field_extraction`` cannot be configured by a route, so it has all fields of the Open
  Inference Protocol that can be keys. It logs each message at level info (logger ``misc``).
- ``lua`` has the script that routes name (``key_script``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Final

from envoy.extensions.filters.http.grpc_field_extraction.v3 import config_pb2
from envoy.extensions.filters.http.header_to_metadata.v3 import header_to_metadata_pb2
from envoy.extensions.filters.http.json_to_metadata.v3 import json_to_metadata_pb2
from envoy.extensions.filters.http.lua.v3 import lua_pb2
from google.protobuf import descriptor_pb2
from google.protobuf.message import Message

from straightway.translate.http_filter import HttpFilter
from straightway.translate.key_script import SCRIPT

HEADERS: Final = "envoy.filters.http.header_to_metadata"
JSON: Final = "envoy.filters.http.json_to_metadata"
GRPC: Final = "envoy.filters.http.grpc_field_extraction"
LUA: Final = "envoy.filters.http.lua"
SCRIPT_NAME: Final = "keys"

_PACKAGE, _SERVICE = "inference", "GRPCInferenceService"
_INFER: Final = {"model_name": 1, "model_version": 2}
_ABOUT: Final = {"name": 1, "version": 2}
_METHODS: Final[Mapping[str, Mapping[str, int]]] = {
    "ModelInfer": _INFER,
    "ModelStreamInfer": _INFER,
    "ModelReady": _ABOUT,
    "ModelMetadata": _ABOUT,
    "ModelConfig": _ABOUT,
    "ModelStatistics": _ABOUT,
}
"""Methods of the Open Inference Protocol and of Triton → fields of their requests, by number."""


def key_filters(*, everywhere: bool) -> Iterator[HttpFilter]:
    """Yield the filters in their order: those for headers, or those for all parts of a request."""
    yield HttpFilter(HEADERS, header_to_metadata_pb2.Config())
    if not everywhere:
        return
    yield HttpFilter(JSON, _json(), disabled=True, optional=True)
    yield HttpFilter(GRPC, _fields(), disabled=True, optional=True)
    yield HttpFilter(LUA, _lua(), disabled=True, optional=True)


@cache
def _json() -> Message:
    config = json_to_metadata_pb2.JsonToMetadata()
    rule = config.request_rules.rules.add()
    rule.selectors.add(key="model")
    rule.on_present.key = "model"
    return config


@cache
def _fields() -> Message:
    config = config_pb2.GrpcFieldExtractionConfig()
    config.descriptor_set.inline_bytes = _descriptors().SerializeToString(deterministic=True)
    for method, fields in _METHODS.items():
        extractions = config.extractions_by_method[f"{_PACKAGE}.{_SERVICE}.{method}"]
        for field in fields:
            extractions.request_field_extractions[field].SetInParent()
    return config


def _descriptors() -> descriptor_pb2.FileDescriptorSet:
    """Return the part of the protocol that is read; whatever else is in a message is passed over.

    The whole takes 18 KB, in each listener.
    """
    found = descriptor_pb2.FileDescriptorSet()
    file = found.file.add(name="keys.proto", package=_PACKAGE, syntax="proto3")
    file.message_type.add(name="Answer")
    service = file.service.add(name=_SERVICE)
    for method, fields in _METHODS.items():
        request = file.message_type.add(name=f"{method}Request")
        for name, number in fields.items():
            request.field.add(
                name=name,
                number=number,
                type=descriptor_pb2.FieldDescriptorProto.TYPE_STRING,
                label=descriptor_pb2.FieldDescriptorProto.LABEL_OPTIONAL,
            )
        service.method.add(
            name=method,
            input_type=f".{_PACKAGE}.{request.name}",
            output_type=f".{_PACKAGE}.Answer",
            client_streaming=method == "ModelStreamInfer",
            server_streaming=method == "ModelStreamInfer",
        )
    return found


@cache
def _lua() -> Message:
    config = lua_pb2.Lua()
    config.source_codes[SCRIPT_NAME].inline_string = SCRIPT
    # A rewritten path must not lead to another route.
    config.clear_route_cache.value = False
    return config
