"""What a kubelet asks of an Envoy in a Pod: whether it is ready, and to drain before its end."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from straightway.proxies.addresses import Address
from straightway.proxies.bootstrap import Node, make_bootstrap, to_dict
from straightway.proxies.kubelet import KubeletListeners
from tests.envoy.test_bootstrap import check_with_envoy
from tests.support.config_folder import ConfigFolder
from tests.support.control_plane import ControlPlane
from tests.support.envoy import GATEWAY_ID, GATEWAY_LABELS, EnvoyProcess
from tests.support.http import HttpClient
from tests.support.load import Load
from tests.support.mesh import Mesh
from tests.support.objects import route_to, service, virtual_service
from tests.support.ports import accepts, free_port
from tests.support.processes import ManagedProcess

NODE = Node(GATEWAY_ID, GATEWAY_LABELS)


def loopback() -> Address:
    return Address("127.0.0.1", free_port())


def get(address: Address, path: str) -> int:
    """The status of a GET; 0 if the connection is refused."""
    with closing(HttpClient(address.port)) as client:
        return client.send(path).status


@pytest.fixture
def listeners() -> KubeletListeners:
    return KubeletListeners(loopback(), loopback(), loopback(), drain_seconds=1)


@pytest.fixture
def start(
    listeners: KubeletListeners, processes: list[ManagedProcess], tmp_path: Path
) -> Callable[[str], EnvoyProcess]:
    """Starts an Envoy with these listeners, of a control plane at an address."""

    def started(xds: str) -> EnvoyProcess:
        bootstrap = make_bootstrap(NODE, Address.parse(xds), admin=loopback(), kubelet=listeners)
        envoy = EnvoyProcess("gateway", to_dict(bootstrap), tmp_path)
        envoy.command += ["--drain-time-s", "1"]
        processes.append(envoy)
        envoy.start()
        return envoy

    return started


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_envoy_finds_the_bootstrap_valid(host: str, tmp_path: Path) -> None:
    admin = Address("127.0.0.1", 15000)
    xds = Address("control-plane", 18000)
    kubelet = KubeletListeners(Address(host, 15021), Address(host, 15090), Address(host, 15020))
    bootstrap = make_bootstrap(NODE, xds, admin=admin, kubelet=kubelet)
    file = tmp_path / "bootstrap.json"
    file.write_text(json.dumps(to_dict(bootstrap)))

    check_with_envoy(file)


def test_an_envoy_is_ready_when_it_has_its_first_config(
    listeners: KubeletListeners,
    start: Callable[[str], EnvoyProcess],
    config: ConfigFolder,
    processes: list[ManagedProcess],
    tmp_path: Path,
) -> None:
    control_plane = ControlPlane(config, tmp_path)
    processes.append(control_plane)
    envoy = start(control_plane.address)
    assert listeners.readiness is not None
    envoy.wait_until(lambda envoy: envoy.stat("cluster.xds-grpc.upstream_cx_connect_fail"))
    assert not accepts(listeners.readiness.port)

    control_plane.start()
    envoy.wait_for_listener(listeners.readiness.port)

    assert get(listeners.readiness, "/healthz/ready") == 200


def test_each_listener_answers_its_one_path_alone(
    listeners: KubeletListeners, start: Callable[[str], EnvoyProcess], control_plane: ControlPlane
) -> None:
    envoy = start(control_plane.address)
    readiness, metrics, drain = listeners.readiness, listeners.metrics, listeners.drain
    assert readiness is not None
    assert metrics is not None
    assert drain is not None
    for address in (readiness, metrics, drain):
        envoy.wait_for_listener(address.port)

    assert get(readiness, "/healthz/ready") == 200
    assert get(metrics, "/stats/prometheus") == 200
    for address in (readiness, metrics, drain):
        for path in ("/", "/ready", "/quitquitquit", "/drain_listeners", "/config_dump", "/drainx"):
            assert get(address, path) == 404, (address, path)
    assert json.loads(envoy.admin("/server_info"))["state"] == "LIVE"
    assert not draining(envoy)


def test_a_drain_closes_connections_after_their_responses_and_fails_none(
    listeners: KubeletListeners, start: Callable[[str], EnvoyProcess], mesh: Mesh
) -> None:
    port = mesh.open_port()
    mesh.write_workload(mesh.http_upstream("front"), {"app": "front"})
    mesh.config.write(
        "routes.yaml",
        service("front", "default", selector={"app": "front"}, ports={"http": 80}),
        virtual_service("front", "default", [route_to("front")]),
    )
    envoy = start(mesh.control_plane.address)
    envoy.wait_for_listener(port)
    assert listeners.drain is not None
    assert listeners.readiness is not None

    with Load(mesh.http_client(port).send) as load:
        before = load.wait_for_more()
        assert get(listeners.drain, "/drain") == 200
        # Envoy's own clock may end the drain a moment later.
        load.wait_for_more()
        after = load.wait_for_more()

    assert load.failures == []
    assert not any(closes(answer.headers) for answer in before)
    # It still listens, for a load balancer that is slow to notice.
    assert all(closes(answer.headers) for answer in after[-5:])
    assert get(listeners.readiness, "/healthz/ready") == 200


def closes(headers: object) -> bool:
    return isinstance(headers, dict) and headers.get("connection") == "close"


def draining(envoy: EnvoyProcess) -> bool:
    return any(envoy.stats(r"^http\..*downstream_cx_drain_close$").values())
