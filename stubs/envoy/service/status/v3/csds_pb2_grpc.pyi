from collections.abc import AsyncIterator, Awaitable

import grpc.aio

import envoy.service.status.v3.csds_pb2

class ClientStatusDiscoveryServiceStub:
    def __init__(self, channel: grpc.aio.Channel) -> None: ...
    StreamClientStatus: grpc.aio.StreamStreamMultiCallable[
        envoy.service.status.v3.csds_pb2.ClientStatusRequest,
        envoy.service.status.v3.csds_pb2.ClientStatusResponse,
    ]
    FetchClientStatus: grpc.aio.UnaryUnaryMultiCallable[
        envoy.service.status.v3.csds_pb2.ClientStatusRequest,
        envoy.service.status.v3.csds_pb2.ClientStatusResponse,
    ]

class ClientStatusDiscoveryServiceServicer:
    def StreamClientStatus(
        self,
        request: AsyncIterator[envoy.service.status.v3.csds_pb2.ClientStatusRequest],
        context: grpc.aio.ServicerContext[
            envoy.service.status.v3.csds_pb2.ClientStatusRequest,
            envoy.service.status.v3.csds_pb2.ClientStatusResponse,
        ],
        /,
    ) -> AsyncIterator[envoy.service.status.v3.csds_pb2.ClientStatusResponse] | Awaitable[None]: ...
    def FetchClientStatus(
        self,
        request: envoy.service.status.v3.csds_pb2.ClientStatusRequest,
        context: grpc.aio.ServicerContext[
            envoy.service.status.v3.csds_pb2.ClientStatusRequest,
            envoy.service.status.v3.csds_pb2.ClientStatusResponse,
        ],
        /,
    ) -> Awaitable[envoy.service.status.v3.csds_pb2.ClientStatusResponse]: ...

def add_ClientStatusDiscoveryServiceServicer_to_server(
    servicer: ClientStatusDiscoveryServiceServicer, server: grpc.aio.Server
) -> None: ...
