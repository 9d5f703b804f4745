from collections.abc import AsyncIterator, Awaitable

import grpc.aio

import grpc_health.v1.health_pb2

class HealthStub:
    def __init__(self, channel: grpc.aio.Channel) -> None: ...
    Check: grpc.aio.UnaryUnaryMultiCallable[
        grpc_health.v1.health_pb2.HealthCheckRequest,
        grpc_health.v1.health_pb2.HealthCheckResponse,
    ]
    List: grpc.aio.UnaryUnaryMultiCallable[
        grpc_health.v1.health_pb2.HealthListRequest,
        grpc_health.v1.health_pb2.HealthListResponse,
    ]
    Watch: grpc.aio.UnaryStreamMultiCallable[
        grpc_health.v1.health_pb2.HealthCheckRequest,
        grpc_health.v1.health_pb2.HealthCheckResponse,
    ]

class HealthServicer:
    def Check(
        self,
        request: grpc_health.v1.health_pb2.HealthCheckRequest,
        context: grpc.aio.ServicerContext[
            grpc_health.v1.health_pb2.HealthCheckRequest,
            grpc_health.v1.health_pb2.HealthCheckResponse,
        ],
        /,
    ) -> Awaitable[grpc_health.v1.health_pb2.HealthCheckResponse]: ...
    def List(
        self,
        request: grpc_health.v1.health_pb2.HealthListRequest,
        context: grpc.aio.ServicerContext[
            grpc_health.v1.health_pb2.HealthListRequest,
            grpc_health.v1.health_pb2.HealthListResponse,
        ],
        /,
    ) -> Awaitable[grpc_health.v1.health_pb2.HealthListResponse]: ...
    def Watch(
        self,
        request: grpc_health.v1.health_pb2.HealthCheckRequest,
        context: grpc.aio.ServicerContext[
            grpc_health.v1.health_pb2.HealthCheckRequest,
            grpc_health.v1.health_pb2.HealthCheckResponse,
        ],
        /,
    ) -> AsyncIterator[grpc_health.v1.health_pb2.HealthCheckResponse] | Awaitable[None]: ...

def add_HealthServicer_to_server(
    servicer: HealthServicer, server: grpc.aio.Server
) -> None: ...
