"""gRPC's own xDS client, which names its clusters, loses no call while services are swapped."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import grpc
from envoy.config.cluster.v3.cluster_pb2 import Cluster
from envoy.config.endpoint.v3.endpoint_pb2 import ClusterLoadAssignment
from envoy.config.listener.v3.listener_pb2 import Listener
from envoy.config.route.v3.route_pb2 import RouteConfiguration
from envoy.extensions.filters.http.router.v3.router_pb2 import Router
from envoy.extensions.filters.network.http_connection_manager.v3 import (
    http_connection_manager_pb2 as manager_pb2,
)
from google.protobuf.json_format import ParseDict

from straightway.discovery import (
    CLUSTER,
    CLUSTER_LOAD_ASSIGNMENT,
    LISTENER,
    ROUTE_CONFIGURATION,
    Resource,
)
from tests.support.discovery import Discovery
from tests.support.grpc_caller import METHOD
from tests.support.waiting import DEADLINE

_SWAPS = 50
SOURCE = {"ads": {}, "resource_api_version": "V3"}


def listener() -> Resource:
    manager = ParseDict(
        {"rds": {"config_source": SOURCE, "route_config_name": "route"}},
        manager_pb2.HttpConnectionManager(),
    )
    manager.http_filters.add(name="router").typed_config.Pack(Router())
    message = Listener(name="service")
    message.api_listener.api_listener.Pack(manager)
    return Resource.of("service", message)


def content(name: str, port: int) -> dict[str, list[Resource]]:
    """A cluster with one endpoint, and a route that goes to it."""
    route = {"match": {"prefix": ""}, "route": {"cluster": name}}
    routes = {
        "name": "route",
        "virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [route]}],
    }
    cluster = {"name": name, "type": "EDS", "eds_cluster_config": {"eds_config": SOURCE}}
    address = {"socket_address": {"address": "127.0.0.1", "port_value": port}}
    locality = {
        "locality": {"region": "here"},
        "load_balancing_weight": 1,
        "lb_endpoints": [{"endpoint": {"address": address}}],
    }
    assignment = {"cluster_name": name, "endpoints": [locality]}
    return {
        LISTENER: [listener()],
        ROUTE_CONFIGURATION: [Resource.of("route", ParseDict(routes, RouteConfiguration()))],
        CLUSTER: [Resource.of(name, ParseDict(cluster, Cluster()), eds_service_name=name)],
        CLUSTER_LOAD_ASSIGNMENT: [
            Resource.of(name, ParseDict(assignment, ClusterLoadAssignment()))
        ],
    }


@asynccontextmanager
async def backend(name: str) -> AsyncIterator[int]:
    """A service that answers with its name, on a port of its own."""

    async def answer(_request: bytes, _context: object) -> bytes:
        return name.encode()

    service, _, method = METHOD[1:].partition("/")
    server = grpc.aio.server()
    handlers: dict[str, grpc.RpcMethodHandler[bytes, bytes]] = {
        method: grpc.unary_unary_rpc_method_handler(answer)
    }
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, handlers),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        yield port
    finally:
        await server.stop(None)


class Caller:
    """A process that calls the service `service` all the time."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        assert process.stdin is not None
        self._process, self._stdout, self._stdin = process, process.stdout, process.stdin

    @classmethod
    async def start(cls, xds_port: int) -> Caller:
        server = {
            "server_uri": f"127.0.0.1:{xds_port}",
            "channel_creds": [{"type": "insecure"}],
            # The latter makes removals count: newer clients keep what they have otherwise.
            "server_features": ["xds_v3", "fail_on_data_errors"],
        }
        bootstrap = {"xds_servers": [server], "node": {"id": "grpc", "cluster": "audience"}}
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.support.grpc_caller",
            "xds:///service",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=os.environ | {"GRPC_XDS_BOOTSTRAP_CONFIG": json.dumps(bootstrap)},
        )
        return cls(process)

    async def says(self) -> str:
        async with asyncio.timeout(DEADLINE):
            return (await self._stdout.readline()).decode().rstrip()

    async def reaches(self, backend: str) -> None:
        """Read until this backend answers; calls that are on their way may have another's."""
        while (said := await self.says()) != f"backend {backend}":
            assert said.startswith("backend "), said

    async def stop(self) -> list[str]:
        """Stop it; return what it said that nobody has read."""
        self._stdin.close()
        async with asyncio.timeout(DEADLINE):
            rest = await self._stdout.read()
            await self._process.wait()
        return rest.decode().splitlines()


async def test_no_call_is_lost_while_services_are_swapped(discovery: Discovery) -> None:
    async with backend("one") as one, backend("two") as two:
        ports = {"one": one, "two": two}
        discovery.cache.set("audience", content("one", one))
        caller = await Caller.start(discovery.port)
        try:
            assert await caller.says() == "backend one"
            for name in ("two", "one") * _SWAPS:
                discovery.cache.set("audience", content(name, ports[name]))
                await caller.reaches(name)
        finally:
            last = await caller.stop()
    assert not [said for said in last if said.startswith("failed")]
    assert last[-1].startswith("calls ")
