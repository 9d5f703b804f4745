"""gRPC health and reflection."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import grpc
import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse, HealthListRequest
from grpc_health.v1.health_pb2_grpc import HealthStub
from grpc_reflection.v1alpha.reflection_pb2 import (
    ServerReflectionRequest,
    ServerReflectionResponse,
)
from grpc_reflection.v1alpha.reflection_pb2_grpc import ServerReflectionStub

from tests.support.calls import read
from tests.support.discovery import Discovery
from tests.support.waiting import DEADLINE

ADS = "envoy.service.discovery.v3.AggregatedDiscoveryService"
CSDS = "envoy.service.status.v3.ClientStatusDiscoveryService"
OF_ONE_TYPE = {
    "envoy.service.cluster.v3.ClusterDiscoveryService",
    "envoy.service.endpoint.v3.EndpointDiscoveryService",
    "envoy.service.extension.v3.ExtensionConfigDiscoveryService",
    "envoy.service.listener.v3.ListenerDiscoveryService",
    "envoy.service.route.v3.RouteDiscoveryService",
    "envoy.service.route.v3.ScopedRoutesDiscoveryService",
    "envoy.service.route.v3.VirtualHostDiscoveryService",
    "envoy.service.runtime.v3.RuntimeDiscoveryService",
    "envoy.service.secret.v3.SecretDiscoveryService",
}

SERVING = HealthCheckResponse.SERVING
NOT_SERVING = HealthCheckResponse.NOT_SERVING
SERVICE_UNKNOWN = HealthCheckResponse.SERVICE_UNKNOWN


async def check(discovery: Discovery, service: str) -> int:
    response = await HealthStub(discovery.channel).Check(HealthCheckRequest(service=service))
    return int(response.status)


async def watch(discovery: Discovery, service: str = "") -> AsyncIterator[int]:
    """Yield the statuses until the server ends the watch."""
    async with asyncio.timeout(DEADLINE):
        async for response in HealthStub(discovery.channel).Watch(
            HealthCheckRequest(service=service)
        ):
            yield int(response.status)


@pytest.mark.parametrize("service", ["", ADS, *sorted(OF_ONE_TYPE)])
async def test_a_server_and_its_services_are_serving_unless_told_otherwise(
    discovery: Discovery, service: str
):
    assert await check(discovery, service) == SERVING
    discovery.server.set_serving(False)
    assert await check(discovery, service) == NOT_SERVING
    discovery.server.set_serving(True)
    assert await check(discovery, service) == SERVING


async def test_a_service_that_is_not_here_is_not_found(discovery: Discovery):
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await check(discovery, "example.Unknown")
    assert raised.value.code() is grpc.StatusCode.NOT_FOUND
    assert await anext(watch(discovery, "example.Unknown")) == SERVICE_UNKNOWN


async def test_all_statuses_can_be_had_at_once(discovery: Discovery):
    response = await HealthStub(discovery.channel).List(HealthListRequest())
    statuses = {name: each.status for name, each in response.statuses.items()}
    assert statuses == dict.fromkeys({"", ADS, *OF_ONE_TYPE}, SERVING)


async def test_a_watch_tells_changes_and_nothing_else(discovery: Discovery):
    statuses = watch(discovery, ADS)
    assert await anext(statuses) == SERVING
    discovery.server.set_serving(True)
    discovery.server.set_serving(False)
    assert await anext(statuses) == NOT_SERVING
    discovery.server.set_serving(True)
    assert await anext(statuses) == SERVING


async def test_a_server_that_closes_is_not_serving_for_good_and_its_watches_end(
    discovery: Discovery,
):
    statuses = watch(discovery)
    assert await anext(statuses) == SERVING
    await discovery.server.close()
    assert [status async for status in statuses] == [NOT_SERVING]
    discovery.server.set_serving(True)
    assert await check(discovery, "") == NOT_SERVING
    assert [status async for status in watch(discovery)] == [NOT_SERVING]


async def reflect(
    discovery: Discovery, request: ServerReflectionRequest
) -> ServerReflectionResponse:
    call = ServerReflectionStub(discovery.channel).ServerReflectionInfo()
    await call.write(request)
    response = await read(call, ServerReflectionResponse)
    await call.done_writing()
    return response


async def test_reflection_lists_all_services(discovery: Discovery):
    response = await reflect(discovery, ServerReflectionRequest(list_services=""))
    names = {service.name for service in response.list_services_response.service}
    health, reflection = "grpc.health.v1.Health", "grpc.reflection.v1alpha.ServerReflection"
    assert names == OF_ONE_TYPE | {ADS, CSDS, health, reflection}


@pytest.mark.parametrize("service", [ADS, CSDS, *sorted(OF_ONE_TYPE)])
async def test_reflection_describes_the_services(discovery: Discovery, service: str):
    request = ServerReflectionRequest(file_containing_symbol=service)
    response = await reflect(discovery, request)
    files = map(
        FileDescriptorProto.FromString, response.file_descriptor_response.file_descriptor_proto
    )
    names = {f"{file.package}.{each.name}" for file in files for each in file.service}
    assert service in names
