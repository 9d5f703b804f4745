"""gRPC reflection: the services and messages of this server, for generic clients."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from typing import TypeAlias

import grpc
from grpc_reflection.v1alpha import reflection
from grpc_reflection.v1alpha.reflection_pb2 import (
    ServerReflectionRequest,
    ServerReflectionResponse,
)
from grpc_reflection.v1alpha.reflection_pb2_grpc import add_ServerReflectionServicer_to_server

from straightway.discovery.access import Access

_Requests: TypeAlias = AsyncIterator[ServerReflectionRequest]
_Context: TypeAlias = grpc.aio.ServicerContext[ServerReflectionRequest, ServerReflectionResponse]


class ReflectionService(reflection.aio.ReflectionServicer):
    """The official package's servicer, for clients that are admitted."""

    def __init__(self, services: Iterable[str], access: Access) -> None:
        super().__init__((*services, reflection.SERVICE_NAME))
        self._access = access

    def add_to(self, server: grpc.aio.Server) -> None:
        """Register it with a server that has not been started."""
        add_ServerReflectionServicer_to_server(self, server)

    async def ServerReflectionInfo(  # noqa: N802 (the name of the gRPC method)
        self, requests: _Requests, context: _Context, /
    ) -> AsyncIterator[ServerReflectionResponse]:
        """Answer requests about services and messages."""
        await self._access.admit(context)
        async for response in super().ServerReflectionInfo(requests, context):
            yield response
