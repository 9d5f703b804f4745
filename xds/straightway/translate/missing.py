"""Answers of Envoy itself to requests for something that no endpoint has, in the form of an API.

What Envoy answers in place of an endpoint is rewritten by the listener, which has one mapper for
each form; a route's metadata says which applies. So what routes say never changes a listener, which
would drain its connections.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeAlias

from envoy.config.accesslog.v3 import accesslog_pb2
from envoy.config.core.v3 import base_pb2
from envoy.config.route.v3 import route_components_pb2
from envoy.extensions.access_loggers.filters.cel.v3 import cel_pb2
from envoy.extensions.filters.network.http_connection_manager.v3 import (
    http_connection_manager_pb2,
)

from straightway.routing.missing import AnswerForm, Missing

NAMESPACE: Final = "straightway.missing"
"""Of a route's metadata: ``form`` and ``key``."""

LocalReplyConfig: TypeAlias = http_connection_manager_pb2.LocalReplyConfig
Mapper: TypeAlias = http_connection_manager_pb2.ResponseMapper

_ROUTE = f"xds.route_metadata.filter_metadata['{NAMESPACE}']"
_VALUE = f"metadata.filter_metadata['envoy.lb'][{_ROUTE}['key']]"
_NO_ENDPOINT = "UH"
_MODEL = f"%CEL({_VALUE})%"
_BODIES: Mapping[AnswerForm, Mapping[str, Any]] = {
    AnswerForm.OPENAI: {
        "error": {
            "message": f"The model `{_MODEL}` does not exist: no healthy runtime holds it.",
            "type": "invalid_request_error",
            "param": "model",
            "code": "model_not_found",
        }
    },
    AnswerForm.OPEN_INFERENCE: {
        "error": f"Request for unknown model: '{_MODEL}' is not found: no healthy runtime holds it"
    },
    AnswerForm.KSERVE_V1: {
        "error": f"Model with name {_MODEL} does not exist: no healthy runtime holds it."
    },
}
_NOT_FOUND, _GRPC_NOT_FOUND = 404, "5"


def mark(route: route_components_pb2.Route, missing: Missing) -> None:
    """Have a route's requests answered in a form."""
    found = route.metadata.filter_metadata[NAMESPACE]
    found.update({"form": str(missing.form), "key": missing.key})


def local_replies() -> LocalReplyConfig:
    """Return the mappers of a listener: gRPC calls first, whose answer has no body."""
    return LocalReplyConfig(mappers=[_grpc(), *_http()])


def _grpc() -> Mapper:
    mapper = _mapper("request.headers['content-type'].startsWith('application/grpc')")
    text = f"no healthy runtime holds the model {_MODEL}"
    mapper.body_format_override.text_format_source.inline_string = text
    status = mapper.headers_to_add.add(
        append_action=base_pb2.HeaderValueOption.OVERWRITE_IF_EXISTS_OR_ADD
    )
    # Envoy's own mapping of 404 is UNIMPLEMENTED.
    status.header.key, status.header.value = "grpc-status", _GRPC_NOT_FOUND
    return mapper


def _http() -> Iterator[Mapper]:
    for form, body in _BODIES.items():
        mapper = _mapper(f"{_ROUTE}['form'] == '{form}'")
        mapper.body_format_override.json_format.update(body)
        mapper.body_format_override.content_type = "application/json"
        yield mapper


def _mapper(condition: str) -> Mapper:
    """Return a mapper for requests with a value that found no endpoint, where all holds."""
    mapper = Mapper()
    mapper.status_code.value = _NOT_FOUND
    both = mapper.filter.and_filter
    both.filters.add().response_flag_filter.flags.append(_NO_ENDPOINT)
    # An expression that cannot be evaluated, for lack of metadata, does not hold.
    _add_expression(both.filters.add(), f"{_VALUE} != '' && {condition}")
    return mapper


def _add_expression(target: accesslog_pb2.AccessLogFilter, text: str) -> None:
    target.extension_filter.name = "envoy.access_loggers.extension_filters.cel"
    target.extension_filter.typed_config.Pack(cel_pb2.ExpressionFilter(expression=text))
