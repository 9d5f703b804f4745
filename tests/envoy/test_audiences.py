"""Two gateways and a sidecar of one control plane: each gets its own, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from tests.support.envoy import GATEWAY_ID, EnvoyProcess, sidecar_id
from tests.support.http import HttpClient
from tests.support.load import Load
from tests.support.mesh import Mesh
from tests.support.objects import gateway, route_to, service, virtual_service, workload_entry
from tests.support.ports import free_port

PUBLIC = {"istio": "ingressgateway"}
INTERNAL = {"app": "internal-gateway"}


@dataclass
class Proxies:
    """Three Envoys, and the ports that they are to serve."""

    public: EnvoyProcess
    internal: EnvoyProcess
    sidecar: EnvoyProcess
    public_port: int
    internal_port: int
    service_ports: dict[str, int]


def cluster(name: str, port: int) -> str:
    return f"outbound|{port}||{name}.shop.svc.cluster.local"


def write_service(mesh: Mesh, name: str, port: int) -> list[dict[str, Any]]:
    """Write a Service of the namespace `shop`, with one workload."""
    upstream = mesh.http_upstream(name)
    labels = {"app": name}
    entry = workload_entry(name, "shop", labels=labels, ports={"http": upstream.port})
    own = service(name, "shop", selector=labels, ports={"http": port})
    mesh.config.write(f"{name}.yaml", own, entry)
    return [own, entry]


@pytest.fixture(scope="module")
def proxies(shared_mesh: Mesh) -> Proxies:
    mesh = shared_mesh
    # The sidecar binds every service's port itself, so these are free ones too.
    public_port, internal_port = free_port(), free_port()
    service_ports = {name: free_port() for name in ("shop-front", "ledger")}
    for name, port in service_ports.items():
        write_service(mesh, name, port)
    mesh.config.write(
        "gateways.yaml",
        gateway("public", "shop", selector=PUBLIC, ports=[public_port]),
        gateway("internal", "shop", selector=INTERNAL, ports=[internal_port]),
    )
    seen = {"response": {"set": {"x-seen-by": "sidecar"}}}
    mesh.config.write(
        "routes.yaml",
        virtual_service("public", "shop", [route_to("shop-front")], gateways=["public"]),
        virtual_service("internal", "shop", [route_to("ledger")], gateways=["internal"]),
        virtual_service(
            "mesh", "shop", [route_to("ledger", headers=seen)], gateways=["mesh"], hosts=["ledger"]
        ),
    )
    proxies = Proxies(
        mesh.start_envoy(GATEWAY_ID, PUBLIC, name="public"),
        mesh.start_envoy(GATEWAY_ID.replace("gateway-1", "gateway-2"), INTERNAL, name="internal"),
        mesh.start_envoy(
            sidecar_id("shop-front-1", "shop"),
            {"app": "shop-front"},
            # Nothing redirects traffic on this machine: the application calls the sidecar itself.
            metadata={"INTERCEPTION_MODE": "NONE"},
            name="sidecar",
        ),
        public_port,
        internal_port,
        service_ports,
    )
    proxies.public.wait_for_listener(public_port)
    proxies.internal.wait_for_listener(internal_port)
    for port in service_ports.values():
        proxies.sidecar.wait_for_listener(port)
    return proxies


def test_a_gateway_has_the_listeners_and_routes_of_its_own_selector_alone(proxies: Proxies) -> None:
    for envoy, port in [
        (proxies.public, proxies.public_port),
        (proxies.internal, proxies.internal_port),
    ]:
        assert set(envoy.listeners) == {f"127.0.0.1_{port}"}
        assert envoy.listening_ports == {port}
        assert set(envoy.routes) == {f"http.{port}.127.0.0.1"}


def test_a_gateway_has_only_the_clusters_that_its_routes_use(proxies: Proxies) -> None:
    for envoy, name in [(proxies.public, "shop-front"), (proxies.internal, "ledger")]:
        used = cluster(name, proxies.service_ports[name])
        assert set(envoy.clusters) == {used, "BlackHoleCluster"}
        assert len(envoy.endpoints(used)) == 1


def test_a_sidecar_has_every_service_and_no_gateway(proxies: Proxies) -> None:
    ports = proxies.service_ports
    sidecar = proxies.sidecar
    assert set(sidecar.listeners) == {f"127.0.0.1_{port}" for port in ports.values()}
    assert sidecar.listening_ports == set(ports.values())
    assert set(sidecar.routes) == {str(port) for port in ports.values()}
    assert set(sidecar.clusters) == {
        *(cluster(name, port) for name, port in ports.items()),
        "BlackHoleCluster",
        "PassthroughCluster",
    }


def test_a_request_through_each_reaches_what_it_is_for(shared_mesh: Mesh, proxies: Proxies) -> None:
    def ask(port: int, host: str) -> tuple[int, str]:
        client: HttpClient = shared_mesh.http_client(port)
        answer = client.send("/", headers={"host": host})
        return answer.status, answer.upstream

    assert ask(proxies.public_port, "shop.example.com") == (200, "shop-front")
    assert ask(proxies.internal_port, "anything") == (200, "ledger")
    ports = proxies.service_ports
    for host in ("ledger", "ledger.shop", "ledger.shop.svc", "ledger.shop.svc.cluster.local"):
        assert ask(ports["ledger"], f"{host}:{ports['ledger']}") == (200, "ledger")
    assert ask(ports["shop-front"], "shop-front") == (200, "shop-front")
    assert ask(ports["shop-front"], "who-is-this")[0] == 503


def test_routes_for_the_mesh_hold_in_sidecars_alone(shared_mesh: Mesh, proxies: Proxies) -> None:
    through_sidecar = shared_mesh.http_client(proxies.service_ports["ledger"])
    through_gateway = shared_mesh.http_client(proxies.internal_port)

    answer = through_sidecar.send("/", headers={"host": "ledger"})
    assert answer.headers["x-seen-by"] == "sidecar"
    answer = through_gateway.send("/", headers={"host": "ledger"})
    assert "x-seen-by" not in answer.headers


def test_a_gateway_that_comes_to_be_told_apart_by_another_label_keeps_what_it_has(
    variant: str, mesh: Mesh
) -> None:
    port, later = free_port(), free_port()
    write_service(mesh, "ledger", 80)
    mesh.config.write("first.yaml", gateway("first", "shop", selector=PUBLIC, ports=[port]))
    mesh.config.write(
        "routes.yaml",
        virtual_service("routes", "shop", [route_to("ledger")], gateways=["first", "second"]),
    )
    envoy = mesh.start_envoy(labels={**PUBLIC, "tier": "edge"})
    envoy.wait_for_listener(port)
    client = mesh.http_client(port)

    with Load(lambda: client.send("/"), rate=200) as load:
        load.wait_for_more()
        # Until now nobody asked for a proxy's tier.
        second = gateway("second", "shop", selector={"tier": "edge"}, ports=[later])
        mesh.config.write("second.yaml", second)
        envoy.wait_for_listener(later)
        load.wait_for_more()
        mesh.config.remove("second.yaml")
        envoy.wait_until(lambda envoy: envoy.listening_ports == {port}, what="it is gone again")
        load.wait_for_more()

    assert load.failures == []
    assert mesh.http_client(port).send("/").upstream == "ledger"
    [connected] = mesh.control_plane.logs("proxy connected")
    assert "tier" not in connected["audience"]
    # Its first listener is the one that it had all along.
    assert envoy.stat("listener_manager.listener_added") == 2
    assert envoy.stat("listener_manager.listener_modified") == 0
    assert envoy.stat("cluster_manager.cluster_modified") == 0
