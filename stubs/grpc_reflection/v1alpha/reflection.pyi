from collections.abc import AsyncIterator, Iterable

import grpc.aio
from grpc_reflection.v1alpha.reflection_pb2 import ServerReflectionRequest, ServerReflectionResponse
from grpc_reflection.v1alpha.reflection_pb2_grpc import ServerReflectionServicer

SERVICE_NAME: str

class aio:
    class ReflectionServicer(ServerReflectionServicer):
        def __init__(self, service_names: Iterable[str]) -> None: ...
        def ServerReflectionInfo(
            self,
            requests: AsyncIterator[ServerReflectionRequest],
            context: grpc.aio.ServicerContext[ServerReflectionRequest, ServerReflectionResponse],
            /,
        ) -> AsyncIterator[ServerReflectionResponse]: ...
