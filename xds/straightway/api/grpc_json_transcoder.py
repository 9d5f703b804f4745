"""ASMGrpcJsonTranscoder: JSON calls to a gRPC service, with JSON responses."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from straightway.api.checked import AnyCase, Says
from straightway.api.codes import Code
from straightway.api.faults import Fault
from straightway.api.model import CheckedModel, Model, Untranslated
from straightway.api.objects import IstioObject
from straightway.api.values import Base64, Bool, Int, Port, within

_BUILTIN_SERVICES = {"kserve_predict_v2": ("inference.GRPCInferenceService",)}

_BODY_SIZE = 65 << 20  # 64 MiB of tensors, and room for the rest of the message.
BodySize = Annotated[Int, within(1, 2**32 - 1, what="a size in bytes")]


def _read_selector(value: object) -> object:
    """Read ``{labels: {app: x}}`` as ``{app: x}``; both forms are in use."""
    if (
        isinstance(value, dict)
        and set(value) == {"labels"}
        and not isinstance(value["labels"], str)
    ):
        return value["labels"] or {}
    return value


class PrintOptions(Model):
    """How responses are written as JSON."""

    add_whitespace: Bool = False
    """Whether to write line breaks and spaces."""
    always_print_primitive_fields: Bool = False
    """Whether to write fields that have their default value."""
    always_print_enums_as_ints: Bool = False
    """Whether to write enumerations as numbers."""
    preserve_proto_field_names: Bool = False
    """Whether to write names as in the proto file, instead of in camelCase."""


class GrpcJsonTranscoderSpec(CheckedModel):
    """What to transcode, and on which proxies.

    ``workload_selector`` chooses proxies by their labels, {} all of the namespace; ``port_number``
    None: every port. ``proto_descriptor_bin`` is a serialised ``FileDescriptorSet``. The two sizes
    limit what Envoy buffers of one call, in bytes; Envoy's default is a connection's 1 MiB.
    """

    workload_selector: Annotated[
        dict[str, str],
        BeforeValidator(_read_selector),
        # A schema cannot tell the two forms apart: a label may be named `labels`.
        WithJsonSchema({"type": "object", "x-kubernetes-preserve-unknown-fields": True}),
    ] = Field(default_factory=dict)
    """The labels of the proxies, as `{app: x}` or `{labels: {app: x}}`; without any, all proxies of
    the namespace.
    """
    is_gateway: Bool = False
    """Whether it is for gateways; sidecars do not transcode yet."""
    port_number: Port | None = None
    """The port of the Gateway's server; every port without it."""
    services: tuple[Annotated[str, Says(minLength=1)], ...] = ()
    """The full names of the gRPC services to transcode: `inference.GRPCInferenceService`."""
    proto_descriptor_bin: Base64 | None = None
    """The output of `protoc --include_imports --descriptor_set_out=FILE`, in base64; write this or
    builtinProtoDescriptor.
    """
    builtin_proto_descriptor: Annotated[Literal["kserve_predict_v2"], AnyCase(str.lower)] | None = (
        None
    )
    """A built-in descriptor: kserve_predict_v2 is the Open Inference Protocol v2."""
    transcode_first: Bool = False
    """Whether to transcode before headers are read for subsets."""
    convert_grpc_status: Bool = False
    """Whether to write a gRPC error as a JSON body."""
    ignored_query_parameters: tuple[str, ...] = ()
    """Query parameters that are not fields of the request."""
    ignore_unknown_query_parameters: Bool = False
    """Whether to ignore all query parameters that are not fields of the request."""
    print_options: PrintOptions = PrintOptions()
    """How responses are written as JSON."""
    auto_mapping: Bool = False
    """Whether to accept `POST /package.Service/Method` for methods without an HTTP rule."""
    max_request_body_size: BodySize = _BODY_SIZE
    """The most that is buffered of a request, in bytes; 65 MiB without it."""
    max_response_body_size: BodySize = _BODY_SIZE
    """The largest gRPC response to a JSON call, in bytes; 65 MiB without it."""
    match_incoming_request_route: Annotated[
        None, Untranslated("requests always keep their route", (True,))
    ] = None
    priority: Annotated[
        None, Untranslated("the oldest transcoder comes first, then the order is by name", (0,))
    ] = None

    @property
    def service_names(self) -> tuple[str, ...]:
        """The gRPC services to transcode: those named, or else the built-in descriptor's."""
        return self.services or _BUILTIN_SERVICES.get(self.builtin_proto_descriptor or "", ())

    def faults(self) -> Iterable[Fault]:
        """Yield what is wrong between the fields."""
        if self.proto_descriptor_bin is None and self.builtin_proto_descriptor is None:
            message = (
                "A transcoder needs a descriptor of the messages: write protoDescriptorBin "
                "(base64), or builtinProtoDescriptor: kserve_predict_v2."
            )
            yield Fault(Code.MISSING_FIELD, message, ("protoDescriptorBin",))
        if self.proto_descriptor_bin is not None and self.builtin_proto_descriptor is not None:
            message = "Write either protoDescriptorBin or builtinProtoDescriptor, not both."
            yield Fault(Code.CONFLICTING_FIELDS, message, ("builtinProtoDescriptor",))
        if self.proto_descriptor_bin == b"":
            message = "The descriptor is empty: write the output of `protoc --descriptor_set_out`."
            yield Fault(Code.EMPTY_FIELD, message, ("protoDescriptorBin",))
        if not self.service_names and self.proto_descriptor_bin is not None:
            message = (
                "List the gRPC services to transcode, with their packages: inference.Predictor."
            )
            yield Fault(Code.MISSING_FIELD, message, ("services",))
        if not self.is_gateway:
            message = (
                "Sidecars do not transcode yet, so this has no effect: gateways (isGateway) do."
            )
            yield Fault(Code.NOT_TRANSLATED_YET, message, ("isGateway",))
        for index, service in enumerate(self.services):
            if not service:
                message = "This name is empty: write the full name of a gRPC service."
                yield Fault(Code.EMPTY_FIELD, message, ("services", index))


class GrpcJsonTranscoder(IstioObject):
    """gRPC-JSON transcoding on the selected proxies."""

    spec: GrpcJsonTranscoderSpec
    """Which gRPC services can be called with JSON, and at which proxies."""

    @property
    def is_left_out(self) -> bool:
        """Whether it is for sidecars, which do not transcode yet."""
        return not self.spec.is_gateway
