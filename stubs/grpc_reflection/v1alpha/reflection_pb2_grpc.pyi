from collections.abc import AsyncIterator, Awaitable

import grpc.aio

import grpc_reflection.v1alpha.reflection_pb2

class ServerReflectionStub:
    def __init__(self, channel: grpc.aio.Channel) -> None: ...
    ServerReflectionInfo: grpc.aio.StreamStreamMultiCallable[
        grpc_reflection.v1alpha.reflection_pb2.ServerReflectionRequest,
        grpc_reflection.v1alpha.reflection_pb2.ServerReflectionResponse,
    ]

class ServerReflectionServicer:
    def ServerReflectionInfo(
        self,
        request: AsyncIterator[grpc_reflection.v1alpha.reflection_pb2.ServerReflectionRequest],
        context: grpc.aio.ServicerContext[
            grpc_reflection.v1alpha.reflection_pb2.ServerReflectionRequest,
            grpc_reflection.v1alpha.reflection_pb2.ServerReflectionResponse,
        ],
        /,
    ) -> AsyncIterator[grpc_reflection.v1alpha.reflection_pb2.ServerReflectionResponse] | Awaitable[None]: ...

def add_ServerReflectionServicer_to_server(
    servicer: ServerReflectionServicer, server: grpc.aio.Server
) -> None: ...
