"""The text of a type stub for the gRPC services of a .proto file.

``protoc`` writes types for messages, and none for what its gRPC plugin compiles: the class that
calls a service, the class that serves it, and the function that adds one to a server. The types
are those of ``grpc.aio``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from google.protobuf.descriptor_pb2 import (
    FileDescriptorProto,
    MethodDescriptorProto,
    ServiceDescriptorProto,
)

from protos.names import imports_of

_KINDS = {False: "Unary", True: "Stream"}


def service_stubs(file: FileDescriptorProto, classes: Mapping[str, str]) -> str:
    """Return the ``_pb2_grpc.pyi`` of ``file``, whose methods take and give ``classes`` by name."""
    methods = [method for service in file.service for method in service.method]
    used = {classes[name] for method in methods for name in (method.input_type, method.output_type)}
    lines = ["from collections.abc import AsyncIterator, Awaitable", "", "import grpc.aio", ""]
    lines += imports_of(used)
    for service in file.service:
        lines += ["", *_caller(service, classes), "", *_servicer(service, classes), ""]
        lines += [
            f"def add_{service.name}Servicer_to_server(",
            f"    servicer: {service.name}Servicer, server: grpc.aio.Server",
            ") -> None: ...",
        ]
    return "\n".join(lines) + "\n"


def _caller(service: ServiceDescriptorProto, classes: Mapping[str, str]) -> Iterator[str]:
    yield f"class {service.name}Stub:"
    yield "    def __init__(self, channel: grpc.aio.Channel) -> None: ..."
    for method in service.method:
        kind = _KINDS[method.client_streaming] + _KINDS[method.server_streaming]
        yield f"    {method.name}: grpc.aio.{kind}MultiCallable["
        yield from _pair(method, classes, "        ")
        yield "    ]"


def _servicer(service: ServiceDescriptorProto, classes: Mapping[str, str]) -> Iterator[str]:
    """Yield the class that a service derives from; its parameters may have other names there."""
    yield f"class {service.name}Servicer:"
    for method in service.method:
        request, response = classes[method.input_type], classes[method.output_type]
        taken = f"AsyncIterator[{request}]" if method.client_streaming else request
        # A streaming method yields its responses, or writes them into the context.
        given = f"AsyncIterator[{response}] | Awaitable[None]"
        yield f"    def {method.name}("
        yield "        self,"
        yield f"        request: {taken},"
        yield "        context: grpc.aio.ServicerContext["
        yield from _pair(method, classes, "            ")
        yield "        ],"
        yield "        /,"
        yield f"    ) -> {given if method.server_streaming else f'Awaitable[{response}]'}: ..."


def _pair(method: MethodDescriptorProto, classes: Mapping[str, str], indent: str) -> Iterator[str]:
    yield f"{indent}{classes[method.input_type]},"
    yield f"{indent}{classes[method.output_type]},"
