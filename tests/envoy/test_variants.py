"""A real Envoy takes its config from the discovery library alone, in all four variants of xDS.

State of the world and delta, each over one aggregated stream and over a stream for each type.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import pytest
from envoy.config.cluster.v3.cluster_pb2 import Cluster
from envoy.config.endpoint.v3.endpoint_pb2 import ClusterLoadAssignment
from envoy.config.listener.v3.listener_pb2 import Listener
from envoy.config.route.v3.route_pb2 import RouteConfiguration
from envoy.extensions.filters.http.router.v3 import router_pb2
from envoy.extensions.filters.network.http_connection_manager.v3 import (
    http_connection_manager_pb2,
)
from google.protobuf.json_format import ParseDict

from straightway.discovery import (
    CLUSTER,
    CLUSTER_LOAD_ASSIGNMENT,
    LISTENER,
    ROUTE_CONFIGURATION,
    Cache,
    ClientState,
    DiscoveryServer,
    Received,
    Resource,
    Variant,
    grpc_options,
)
from straightway.discovery.requests import Request
from straightway.discovery.session import Session
from straightway.discovery.verdicts import Verdict
from straightway.proxies.addresses import Address
from straightway.proxies.bootstrap import XDS_CLUSTER, Node, make_bootstrap, to_dict
from tests.support.envoy import GATEWAY_ID, EnvoyProcess, Json
from tests.support.http import HttpClient
from tests.support.mesh import Mesh
from tests.support.ports import free_port
from tests.support.waiting import eventually, eventually_async

ROUTER = f"type.googleapis.com/{router_pb2.DESCRIPTOR.package}.Router"
CONNECTION_MANAGER = (
    f"type.googleapis.com/{http_connection_manager_pb2.DESCRIPTOR.package}.HttpConnectionManager"
)
TYPES = {CLUSTER, CLUSTER_LOAD_ASSIGNMENT, LISTENER, ROUTE_CONFIGURATION}


@dataclass(frozen=True)
class Wanted:
    """A variant of xDS, and the messages that make an Envoy speak it."""

    delta: bool
    aggregated: bool

    @property
    def source(self) -> Json:
        """Where Envoy is to get a resource from."""
        kind: Json = {"ads": {}} if self.aggregated else {"api_config_source": self._grpc}
        return {**kind, "resource_api_version": "V3", "initial_fetch_timeout": "0s"}

    @property
    def _grpc(self) -> Json:
        return {
            "api_type": "DELTA_GRPC" if self.delta else "GRPC",
            "transport_api_version": "V3",
            "set_node_on_first_message_only": True,
            "grpc_services": [{"envoy_grpc": {"cluster_name": XDS_CLUSTER}}],
        }

    def bootstrap(self, xds: Address) -> Json:
        admin = Address("127.0.0.1", 0)
        bootstrap = to_dict(make_bootstrap(Node(GATEWAY_ID), xds, admin=admin, delta=self.delta))
        if not self.aggregated:
            source = self.source
            bootstrap["dynamic_resources"] = {"cds_config": source, "lds_config": source}
        return bootstrap


class Served:
    """A discovery server in this process, with one listener, route and cluster."""

    def __init__(self, wanted: Wanted, port: int) -> None:
        self.cache = Cache()
        self.discovery = DiscoveryServer(self.cache, lambda node: "all")
        self._wanted = wanted
        self._port = port

    def serve(self, upstream: int, *, connect_timeout: str = "1s") -> None:
        """Serve config that leads to an upstream's port."""
        self.cache.set(
            "all",
            {
                CLUSTER: [self._cluster(connect_timeout)],
                CLUSTER_LOAD_ASSIGNMENT: [self._endpoints(upstream)],
                LISTENER: [self._listener()],
                ROUTE_CONFIGURATION: [self._routes()],
            },
        )

    def states(self) -> list[set[str]]:
        """The types of each stream, of which all must have been accepted."""
        clients = self.discovery.clients()
        for client in clients:
            assert all(state.acked and not state.rejected for state in client.types.values())
        return [set(client.types) for client in clients]

    def _cluster(self, connect_timeout: str) -> Resource:
        eds = {"service_name": "endpoints", "eds_config": self._wanted.source}
        cluster = {
            "name": "cluster",
            "type": "EDS",
            "eds_cluster_config": eds,
            "connect_timeout": connect_timeout,
        }
        return Resource.of("cluster", ParseDict(cluster, Cluster()), eds_service_name="endpoints")

    def _endpoints(self, port: int) -> Resource:
        address = {"socket_address": {"address": "127.0.0.1", "port_value": port}}
        endpoints = {
            "cluster_name": "endpoints",
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address}}]}],
        }
        return Resource.of("endpoints", ParseDict(endpoints, ClusterLoadAssignment()))

    def _listener(self) -> Resource:
        manager = {
            "@type": CONNECTION_MANAGER,
            "stat_prefix": "http",
            "rds": {"route_config_name": "routes", "config_source": self._wanted.source},
            "http_filters": [{"name": "router", "typed_config": {"@type": ROUTER}}],
        }
        listener = {
            "name": "listener",
            "address": {"socket_address": {"address": "127.0.0.1", "port_value": self._port}},
            "filter_chains": [{"filters": [{"name": "http", "typed_config": manager}]}],
        }
        return Resource.of("listener", ParseDict(listener, Listener()))

    def _routes(self) -> Resource:
        route = {"match": {"prefix": "/"}, "route": {"cluster": "cluster"}}
        routes = {
            "name": "routes",
            "virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [route]}],
        }
        return Resource.of("routes", ParseDict(routes, RouteConfiguration()))


@pytest.fixture(params=[True, False], ids=["ads", "per-type"])
def wanted(variant: str, request: pytest.FixtureRequest) -> Wanted:
    return Wanted(delta=variant == Variant.DELTA.value, aggregated=request.param)


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
async def served(wanted: Wanted, port: int) -> Served:
    return Served(wanted, port)


@pytest.fixture
async def envoy(
    mesh: Mesh, served: Served, wanted: Wanted, tmp_path: Path
) -> AsyncIterator[EnvoyProcess]:
    listener = grpc.aio.server(options=grpc_options())
    served.discovery.add_to(listener)
    xds = Address("127.0.0.1", listener.add_insecure_port("127.0.0.1:0"))
    await listener.start()
    envoy = EnvoyProcess("gateway", wanted.bootstrap(xds), tmp_path)
    mesh.processes.append(envoy)
    await asyncio.to_thread(envoy.start)
    yield envoy
    await asyncio.to_thread(envoy.close)
    await served.discovery.close(grace=1.0)
    await listener.stop(0)


def reaches(client: HttpClient, upstream: str) -> None:
    eventually(lambda: client.send().upstream == upstream, what=f"{upstream} answers")


async def test_a_request_goes_through_and_a_change_of_endpoints_takes_effect(
    mesh: Mesh, served: Served, wanted: Wanted, envoy: EnvoyProcess, port: int
):
    first, second = mesh.http_upstream("first"), mesh.http_upstream("second")
    client = mesh.http_client(port)
    served.serve(first.port)
    await asyncio.to_thread(envoy.wait_for_listener, port)
    await asyncio.to_thread(reaches, client, "first")

    served.serve(second.port)
    await asyncio.to_thread(reaches, client, "second")

    streams = [TYPES] if wanted.aggregated else [{each} for each in TYPES]
    await eventually_async(
        lambda: sorted(map(sorted, served.states())) == sorted(map(sorted, streams)),
        what="each type is on its stream",
    )


async def test_a_changed_cluster_ends_its_warming(
    mesh: Mesh, served: Served, envoy: EnvoyProcess, port: int
):
    upstream = mesh.http_upstream("upstream")
    client = mesh.http_client(port)
    served.serve(upstream.port)
    await asyncio.to_thread(envoy.wait_for_listener, port)

    served.serve(upstream.port, connect_timeout="2s")
    await asyncio.to_thread(
        envoy.wait_until,
        lambda envoy: envoy.clusters["cluster"]["connect_timeout"] == "2s",
        what="the changed cluster is in use",
    )
    await asyncio.to_thread(reaches, client, "upstream")


@pytest.mark.parametrize("variant", [Variant.DELTA.value])
async def test_what_an_envoy_accepts_in_delta_is_known_without_decoding(
    served: Served, envoy: EnvoyProcess, port: int, monkeypatch: pytest.MonkeyPatch
):
    decoded: list[Received] = []
    request = Session.request

    def noting(session: Session, each: Request, *rest: Any) -> Received:
        decoded.append(request(session, each, *rest))
        return decoded[-1]

    monkeypatch.setattr(Session, "request", noting)
    served.serve(free_port())
    await asyncio.to_thread(envoy.wait_for_listener, port)
    served.serve(free_port())
    await eventually_async(
        lambda: served.discovery.clients() and all(map(is_answered, served.discovery.clients())),
        what="everything is accepted",
    )
    assert decoded
    assert Verdict.ACK not in {each.verdict for each in decoded}


def is_answered(client: ClientState) -> bool:
    return all(
        state.sent and state.acked and state.sent.nonce == state.acked.nonce
        for state in client.types.values()
    )
