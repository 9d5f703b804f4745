"""A real Envoy with the arguments of an injected container, started as a kubelet would."""

from __future__ import annotations

import json
import subprocess
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from straightway.certificates import self_signed
from straightway.proxies.addresses import Address
from straightway.webhooks import sidecar
from straightway.webhooks.pod_settings import DEFAULTS
from straightway.webhooks.sidecar import container, sidecar_settings
from tests.support.envoy import EnvoyProcess, envoy_executable
from tests.support.http import HttpClient
from tests.support.mesh import Mesh
from tests.support.mounts import MountedVolume
from tests.support.objects import service, workload_entry
from tests.support.pod_arguments import expanded
from tests.support.ports import accepts, free_port

XDS = Address("straightway.straightway-system.svc", 18443)
POD = {"POD_NAME": "app-1", "POD_NAMESPACE": "shop", "POD_IP": "127.0.0.1"}


@pytest.fixture
def ports(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """Free ports in place of those that are fixed in a Pod."""
    free = {name: free_port() for name in ("ADMIN", "READINESS", "METRICS")}
    for name, port in free.items():
        monkeypatch.setattr(sidecar, name, Address("127.0.0.1", port))
    return free


def arguments(xds: Address, *, plain: bool, own_ports: tuple[int, ...] = ()) -> list[str]:
    settings = sidecar_settings(xds, plain=plain)
    made = container(settings, DEFAULTS, "shop", {"app": "app", "odd": "a$(b)"}, own_ports)
    return [expanded(each, POD) for each in made["args"]]


def test_envoy_finds_the_arguments_valid(tmp_path: Path) -> None:
    """With the files of both volumes, which are elsewhere here."""
    folder = "/var/run/secrets"
    _, authority = self_signed(["x"], datetime.now(UTC))
    secrets = {
        name: text.replace(folder, str(tmp_path)).encode()
        for name, text in sidecar_settings(XDS).secrets.items()
    }
    MountedVolume(tmp_path / "straightway-ca", {"ca.crt": authority})
    MountedVolume(tmp_path / "straightway", {"token": b"token", **secrets})

    given = [each.replace(folder, str(tmp_path)) for each in arguments(XDS, plain=False)]
    command = [envoy_executable(), "--mode", "validate", *given]
    checked = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert checked.returncode == 0, checked.stderr


def test_an_application_calls_services_through_its_sidecar(
    mesh: Mesh, ports: dict[str, int], tmp_path: Path
) -> None:
    upstream = mesh.http_upstream("models")
    port, own_port = free_port(), free_port()
    labels = {"app": "models"}
    mesh.config.write(
        "models.yaml",
        service("models", "shop", selector=labels, ports={"http": port, "http-own": own_port}),
        workload_entry("models", "shop", labels=labels, ports={"http": upstream.port}),
    )
    envoy = EnvoyProcess("sidecar", {}, tmp_path)
    xds = Address.parse(mesh.control_plane.address)
    # Where its admin interface is goes to a file, and it is not to be mistaken for another one.
    admin = envoy.command[3:5]
    assert admin[0] == "--admin-address-path"
    envoy.command[1:] = [*arguments(xds, plain=True, own_ports=(own_port,)), *admin]
    mesh.processes.append(envoy)
    envoy.start()
    envoy.wait_for_listener(port)

    with closing(HttpClient(ports["READINESS"])) as kubelet:
        assert kubelet.send("/healthz/ready").status == 200
    with closing(HttpClient(port)) as application:
        for host in ("models", "models.shop", "models.shop.svc.cluster.local"):
            assert application.send(headers={"host": host}).status == 200
    assert not accepts(own_port), "the application's own port"

    told = json.loads(envoy.admin("/server_info"))
    node = told["node"]
    assert node["id"] == "sidecar~127.0.0.1~app-1.shop~shop.svc.cluster.local"
    assert node["cluster"] == "app.shop"
    assert node["metadata"]["LABELS"] == {"app": "app", "odd": "a$(b)"}
