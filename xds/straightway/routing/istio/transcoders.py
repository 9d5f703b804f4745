"""ASMGrpcJsonTranscoder → JsonTranscoder."""

from __future__ import annotations

from straightway import openinference
from straightway.api import GrpcJsonTranscoder
from straightway.routing.listeners import JsonTranscoder

_BUILTIN = {"kserve_predict_v2": openinference.descriptor}


def transcoder_of(transcoder: GrpcJsonTranscoder) -> JsonTranscoder:
    """Return a transcoder's settings, with its own descriptor or the built-in one."""
    spec, options = transcoder.spec, transcoder.spec.print_options
    return JsonTranscoder(
        descriptor=_descriptor(transcoder),
        services=spec.service_names,
        largest_request=spec.max_request_body_size,
        largest_response=spec.max_response_body_size,
        converts_grpc_status=spec.convert_grpc_status,
        ignored_query_parameters=spec.ignored_query_parameters,
        ignores_unknown_query_parameters=spec.ignore_unknown_query_parameters,
        auto_mapping=spec.auto_mapping,
        adds_whitespace=options.add_whitespace,
        prints_primitive_fields=options.always_print_primitive_fields,
        prints_enums_as_ints=options.always_print_enums_as_ints,
        keeps_proto_field_names=options.preserve_proto_field_names,
        first=spec.transcode_first,
    )


def _descriptor(transcoder: GrpcJsonTranscoder) -> bytes:
    builtin = transcoder.spec.builtin_proto_descriptor
    if builtin is not None:
        return _BUILTIN[builtin]()
    return transcoder.spec.proto_descriptor_bin or b""
