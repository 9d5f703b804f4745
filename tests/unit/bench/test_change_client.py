"""The clients of the benchmarks ask as Envoys do, and tell when a change has come."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import cast

import grpc
import pytest
from envoy.config.cluster.v3.cluster_pb2 import Cluster
from envoy.config.endpoint.v3.endpoint_pb2 import ClusterLoadAssignment
from envoy.config.listener.v3.listener_components_pb2 import Filter, FilterChain
from envoy.config.listener.v3.listener_pb2 import Listener
from envoy.config.route.v3.route_pb2 import RouteConfiguration
from envoy.extensions.filters.network.http_connection_manager.v3 import (
    http_connection_manager_pb2,
)

from bench.change_client import Client, gateway_node, sidecar_node
from bench.change_fleet import Fleet, new_mark
from straightway.discovery import (
    CLUSTER,
    CLUSTER_LOAD_ASSIGNMENT,
    LISTENER,
    ROUTE_CONFIGURATION,
    Cache,
    DiscoveryServer,
    Resource,
    grpc_options,
)
from straightway.proxies.audience import Role, proxy_of_node
from tests.support.waiting import DEADLINE, eventually_async

KEY = "all"
NODES = [gateway_node(index) for index in range(3)]


def assignment(mark: str) -> Resource:
    message = ClusterLoadAssignment(cluster_name="endpoints-of-a")
    message.named_endpoints[mark].health_check_config.port_value = 1
    return Resource.of("endpoints-of-a", message)


def listener() -> Listener:
    manager = http_connection_manager_pb2.HttpConnectionManager()
    manager.rds.route_config_name = "routes"
    network_filter = Filter(name="http")
    network_filter.typed_config.Pack(manager)
    return Listener(name="listener", filter_chains=[FilterChain(filters=[network_filter])])


def eds_cluster() -> Cluster:
    cluster = Cluster(name="a", type=Cluster.EDS)
    cluster.eds_cluster_config.service_name = "endpoints-of-a"
    return cluster


@pytest.fixture
def cache() -> Cache:
    cache = Cache()
    cache.set(
        KEY,
        {
            CLUSTER: [
                Resource.of("a", eds_cluster(), eds_service_name="endpoints-of-a"),
                Resource.of("static", Cluster(name="static", type=Cluster.STATIC)),
            ],
            CLUSTER_LOAD_ASSIGNMENT: [assignment("first")],
            LISTENER: [Resource.of("listener", listener())],
            ROUTE_CONFIGURATION: [Resource.of("routes", RouteConfiguration(name="routes"))],
        },
    )
    return cache


@asynccontextmanager
async def serving(cache: Cache) -> AsyncIterator[tuple[Fleet, DiscoveryServer]]:
    """A server of the cache, and clients that may come."""
    server = grpc.aio.server(options=grpc_options())
    discovery = DiscoveryServer(cache, lambda _node: KEY)
    discovery.add_to(server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        async with asyncio.timeout(DEADLINE), Fleet(port) as fleet:
            yield fleet, discovery
    finally:
        await discovery.close()
        await server.stop(grace=None)


async def test_clients_ask_for_what_clusters_and_listeners_name(cache: Cache):
    async with serving(cache) as (fleet, _):
        await fleet.join(NODES)
        assert {type_url: set(names) for type_url, names in fleet.held.items()} == {
            CLUSTER: {"a", "static"},
            CLUSTER_LOAD_ASSIGNMENT: {"endpoints-of-a"},
            LISTENER: {"listener"},
            ROUTE_CONFIGURATION: {"routes"},
        }


async def test_every_client_tells_when_a_mark_has_come(cache: Cache):
    async with serving(cache) as (fleet, _):
        await fleet.join(NODES)
        mark = new_mark("model")
        arrivals = fleet.expect(mark)
        for text in (new_mark("other"), mark):
            cache.update(KEY, {CLUSTER_LOAD_ASSIGNMENT: ([assignment(text)], ())})
        assert len(await arrivals) == len(NODES)
        assert all(mark.encode() in client.last for client in fleet.clients)


async def test_clients_that_reconnect_are_sent_only_what_has_changed(cache: Cache):
    async with serving(cache) as (fleet, _):
        await fleet.join(NODES)
        versions = {type_url: dict(held) for type_url, held in fleet.held.items()}
        await fleet.leave()
        mark = new_mark("model")
        changed = assignment(mark)
        cache.update(KEY, {CLUSTER_LOAD_ASSIGNMENT: ([changed], ())})
        assert len(await fleet.come_back(NODES, mark)) == len(NODES)
        versions[CLUSTER_LOAD_ASSIGNMENT]["endpoints-of-a"] = changed.version
        await eventually_async(lambda: fleet.held == versions, what="what is held")


async def test_a_stream_that_the_server_ends_fails_what_is_expected(cache: Cache):
    async with serving(cache) as (fleet, discovery):
        await fleet.join(NODES[:1])
        arrivals = fleet.expect("never")
        await discovery.close()
        with pytest.raises(grpc.RpcError, match="shutting down"):
            await arrivals


def test_marks_are_no_part_of_each_other():
    marks = [new_mark("model") for _ in range(20)]
    assert not any(one in other for one in marks for other in marks if one is not other)


def test_nodes_introduce_themselves_as_istios_proxies():
    gateway, sidecar = proxy_of_node(NODES[1]), proxy_of_node(sidecar_node("shop"))
    assert (gateway.role, gateway.namespace) == (Role.GATEWAY, "istio-system")
    assert gateway.labels == {"istio": "ingressgateway"}
    assert (sidecar.role, sidecar.namespace) == (Role.SIDECAR, "shop")


class _OneAtATime:
    """A call that takes one message at a time, as those of gRPC do."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self._is_writing = False

    async def write(self, message: bytes) -> None:
        assert not self._is_writing
        self._is_writing = True
        await asyncio.sleep(0)
        self._is_writing = False
        self.written.append(message)

    async def read(self) -> bytes:
        await asyncio.get_running_loop().create_future()
        raise AssertionError

    def cancel(self) -> None:
        pass


async def test_messages_are_written_one_after_the_other() -> None:
    call = _OneAtATime()
    channel = SimpleNamespace(stream_stream=lambda _method: lambda: call)
    async with Client(cast("grpc.aio.Channel", channel), gateway_node()) as client:
        await asyncio.gather(*(client.come_back([b"", b""]) for _ in range(3)))
    assert [bool(message) for message in call.written] == [True] + [False] * 5
