"""A real Envoy asks for virtual hosts when a request needs them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import grpc
import pytest
from envoy.config.cluster.v3.cluster_pb2 import Cluster
from envoy.config.listener.v3.listener_pb2 import Listener
from envoy.config.route.v3.route_components_pb2 import VirtualHost
from envoy.config.route.v3.route_pb2 import RouteConfiguration
from envoy.extensions.filters.http.on_demand.v3 import on_demand_pb2
from envoy.extensions.filters.http.router.v3 import router_pb2
from envoy.extensions.filters.network.http_connection_manager.v3 import (
    http_connection_manager_pb2,
)
from google.protobuf.json_format import ParseDict

from straightway.discovery import (
    CLUSTER,
    LISTENER,
    ROUTE_CONFIGURATION,
    VIRTUAL_HOST,
    Cache,
    ClientState,
    DiscoveryServer,
    Resource,
    grpc_options,
)
from straightway.proxies.addresses import Address
from straightway.proxies.bootstrap import Node, make_bootstrap, to_dict
from tests.support.envoy import GATEWAY_ID, EnvoyProcess, Json
from tests.support.http import Answer, HttpClient
from tests.support.mesh import Mesh
from tests.support.ports import free_port
from tests.support.waiting import eventually

KEY = "all"
ROUTES = "routes"
SHOP = f"{ROUTES}/shop"

ON_DEMAND = f"type.googleapis.com/{on_demand_pb2.DESCRIPTOR.package}"
ROUTER = f"type.googleapis.com/{router_pb2.DESCRIPTOR.package}"
MANAGER = f"type.googleapis.com/{http_connection_manager_pb2.DESCRIPTOR.package}"
ADS = {"ads": {}, "resource_api_version": "V3"}


def clusters(port: int) -> list[Resource]:
    address = {"socket_address": {"address": "127.0.0.1", "port_value": port}}
    endpoints = [{"lb_endpoints": [{"endpoint": {"address": address}}]}]
    cluster = {
        "name": "cluster",
        "type": "STATIC",
        "load_assignment": {"cluster_name": "cluster", "endpoints": endpoints},
    }
    return [Resource.of("cluster", ParseDict(cluster, Cluster()))]


def listeners(port: int) -> list[Resource]:
    filters = [
        {"name": "on_demand", "typed_config": {"@type": f"{ON_DEMAND}.OnDemand"}},
        {"name": "router", "typed_config": {"@type": f"{ROUTER}.Router"}},
    ]
    manager = {
        "@type": f"{MANAGER}.HttpConnectionManager",
        "stat_prefix": "http",
        "rds": {"route_config_name": ROUTES, "config_source": ADS},
        "http_filters": filters,
    }
    listener = {
        "name": "listener",
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": port}},
        "filter_chains": [{"filters": [{"name": "http", "typed_config": manager}]}],
    }
    return [Resource.of("listener", ParseDict(listener, Listener()))]


def routes() -> list[Resource]:
    # Envoy asks for virtual hosts once without a name, and waits so long for an answer.
    source = {**ADS, "initial_fetch_timeout": "0.1s"}
    made = {"name": ROUTES, "vhds": {"config_source": source}}
    return [Resource.of(ROUTES, ParseDict(made, RouteConfiguration()))]


def virtual_host(*domains: str) -> Resource:
    """One resource for several domains: Envoy asks for it by any of them.

    Envoy removes virtual hosts by the name that stands in them, so it is the resource's.
    """
    route = {"match": {"prefix": "/"}, "route": {"cluster": "cluster"}}
    made = {"name": SHOP, "domains": domains, "routes": [route]}
    aliases = [f"{ROUTES}/{domain}" for domain in domains]
    return Resource.of(SHOP, ParseDict(made, VirtualHost()), aliases=aliases)


@dataclass
class OnDemand:
    """An Envoy that knows no virtual host yet, and what it is served."""

    envoy: EnvoyProcess
    cache: Cache
    discovery: DiscoveryServer
    http: HttpClient

    async def get(self, host: str) -> Answer:
        return await asyncio.to_thread(self.http.send, headers={"host": host})

    def has_host(self) -> bool:
        return any("shop" in str(each) for each in self.envoy.routes.values())

    @property
    def client(self) -> ClientState:
        (client,) = self.discovery.clients()
        return client


@pytest.fixture
async def on_demand(mesh: Mesh, tmp_path: Path) -> AsyncIterator[OnDemand]:
    port, upstream = free_port(), mesh.http_upstream("upstream")
    cache = Cache()
    cache.set(
        KEY,
        {
            CLUSTER: clusters(upstream.port),
            LISTENER: listeners(port),
            ROUTE_CONFIGURATION: routes(),
            VIRTUAL_HOST: [virtual_host("shop.com", "www.shop.com")],
        },
    )
    discovery = DiscoveryServer(cache, lambda node: KEY)
    server = grpc.aio.server(options=grpc_options())
    discovery.add_to(server)
    xds = Address("127.0.0.1", server.add_insecure_port("127.0.0.1:0"))
    await server.start()
    bootstrap: Json = to_dict(
        make_bootstrap(Node(GATEWAY_ID), xds, admin=Address("127.0.0.1", 0), delta=True)
    )
    envoy = EnvoyProcess("on-demand", bootstrap, tmp_path)
    mesh.processes.append(envoy)
    await asyncio.to_thread(envoy.start)
    await asyncio.to_thread(envoy.wait_for_listener, port)
    yield OnDemand(envoy, cache, discovery, mesh.http_client(port))
    await asyncio.to_thread(envoy.close)
    await discovery.close(grace=1.0)
    await server.stop(0)


async def test_a_request_for_an_unknown_host_waits_for_its_virtual_host(on_demand: OnDemand):
    assert not await asyncio.to_thread(on_demand.has_host)

    assert (await on_demand.get("shop.com")).upstream == "upstream"
    assert await asyncio.to_thread(on_demand.has_host)
    assert (await on_demand.get("www.shop.com")).upstream == "upstream"
    assert on_demand.client.types[VIRTUAL_HOST].rejected is None


async def test_a_request_for_a_host_that_does_not_exist_is_answered_as_often_as_it_comes(
    on_demand: OnDemand,
):
    for _ in range(3):
        assert (await on_demand.get("nowhere.com")).status == 404
    assert on_demand.client.types[VIRTUAL_HOST].rejected is None


async def test_a_virtual_host_comes_later_and_goes_again(on_demand: OnDemand):
    assert (await on_demand.get("late.com")).status == 404
    on_demand.cache.update(KEY, {VIRTUAL_HOST: ([virtual_host("late.com")], [])})
    await asyncio.to_thread(eventually, on_demand.has_host, what="Envoy has the virtual host")
    assert (await on_demand.get("late.com")).upstream == "upstream"

    on_demand.cache.update(KEY, {VIRTUAL_HOST: ([], [SHOP])})
    await asyncio.to_thread(
        eventually, lambda: not on_demand.has_host(), what="Envoy has dropped the virtual host"
    )
    assert (await on_demand.get("late.com")).status == 404
    assert on_demand.client.types[VIRTUAL_HOST].rejected is None
