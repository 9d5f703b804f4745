from collections.abc import AsyncIterator, Awaitable

import grpc.aio

import envoy.service.discovery.v3.discovery_pb2

class AggregatedDiscoveryServiceStub:
    def __init__(self, channel: grpc.aio.Channel) -> None: ...
    StreamAggregatedResources: grpc.aio.StreamStreamMultiCallable[
        envoy.service.discovery.v3.discovery_pb2.DiscoveryRequest,
        envoy.service.discovery.v3.discovery_pb2.DiscoveryResponse,
    ]
    DeltaAggregatedResources: grpc.aio.StreamStreamMultiCallable[
        envoy.service.discovery.v3.discovery_pb2.DeltaDiscoveryRequest,
        envoy.service.discovery.v3.discovery_pb2.DeltaDiscoveryResponse,
    ]

class AggregatedDiscoveryServiceServicer:
    def StreamAggregatedResources(
        self,
        request: AsyncIterator[envoy.service.discovery.v3.discovery_pb2.DiscoveryRequest],
        context: grpc.aio.ServicerContext[
            envoy.service.discovery.v3.discovery_pb2.DiscoveryRequest,
            envoy.service.discovery.v3.discovery_pb2.DiscoveryResponse,
        ],
        /,
    ) -> AsyncIterator[envoy.service.discovery.v3.discovery_pb2.DiscoveryResponse] | Awaitable[None]: ...
    def DeltaAggregatedResources(
        self,
        request: AsyncIterator[envoy.service.discovery.v3.discovery_pb2.DeltaDiscoveryRequest],
        context: grpc.aio.ServicerContext[
            envoy.service.discovery.v3.discovery_pb2.DeltaDiscoveryRequest,
            envoy.service.discovery.v3.discovery_pb2.DeltaDiscoveryResponse,
        ],
        /,
    ) -> AsyncIterator[envoy.service.discovery.v3.discovery_pb2.DeltaDiscoveryResponse] | Awaitable[None]: ...

def add_AggregatedDiscoveryServiceServicer_to_server(
    servicer: AggregatedDiscoveryServiceServicer, server: grpc.aio.Server
) -> None: ...
