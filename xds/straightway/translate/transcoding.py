"""Transcoding: gRPC as JSON over HTTP, by Envoy's ``grpc_json_transcoder``.

The filter comes after those that find subset keys, because it rewrites ``:path`` (unless
``transcodeFirst`` reverses the order); it keeps the route that was found for the client's path.
"""

from __future__ import annotations

from functools import lru_cache

from envoy.extensions.filters.http.grpc_json_transcoder.v3 import transcoder_pb2
from google.protobuf import descriptor_pb2
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import DecodeError

from straightway.routing.listeners import JsonTranscoder
from straightway.translate.http_filter import HttpFilter

FILTER_NAME = "envoy.filters.http.grpc_json_transcoder"


def missing_services(transcoder: JsonTranscoder) -> list[str] | None:
    """Return the services that the descriptor lacks; None if the descriptor is incomplete.

    Envoy would reject the whole listener for either.
    """
    known = _services_in(transcoder.descriptor)
    if known is None:
        return None
    return [service for service in transcoder.services if service not in known]


@lru_cache(maxsize=64)
def _services_in(descriptor: bytes) -> frozenset[str] | None:
    """Return the services of a FileDescriptorSet; None if a pool cannot be built from it."""
    pool = DescriptorPool()
    try:
        files = descriptor_pb2.FileDescriptorSet.FromString(descriptor)
        for file in files.file:
            pool.Add(file)
    except (DecodeError, TypeError):
        return None
    return frozenset(
        f"{file.package}.{service.name}".removeprefix(".")
        for file in files.file
        for service in file.service
    )


def transcoder_filter(transcoder: JsonTranscoder) -> HttpFilter:
    """Return the filter of a transcoder."""
    config = transcoder_pb2.GrpcJsonTranscoder(
        proto_descriptor_bin=transcoder.descriptor,
        services=transcoder.services,
        match_incoming_request_route=True,
        convert_grpc_status=transcoder.converts_grpc_status,
        ignored_query_parameters=transcoder.ignored_query_parameters,
        ignore_unknown_query_parameters=transcoder.ignores_unknown_query_parameters,
    )
    config.max_request_body_size.value = transcoder.largest_request
    config.max_response_body_size.value = transcoder.largest_response
    # Otherwise a call with a wrong parameter would reach the gRPC server as JSON, and fail there.
    config.request_validation_options.reject_unknown_query_parameters = True
    config.auto_mapping = transcoder.auto_mapping
    options = config.print_options
    options.add_whitespace = transcoder.adds_whitespace
    options.always_print_primitive_fields = transcoder.prints_primitive_fields
    options.always_print_enums_as_ints = transcoder.prints_enums_as_ints
    options.preserve_proto_field_names = transcoder.keeps_proto_field_names
    return HttpFilter(FILTER_NAME, config, first=transcoder.first)
