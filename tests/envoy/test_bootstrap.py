"""Envoy takes what `straightway bootstrap` prints."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from straightway.proxies.addresses import Address
from straightway.proxies.bootstrap import Node, make_bootstrap, to_dict
from tests.support.envoy import GATEWAY_ID, EnvoyProcess, envoy_executable, sidecar_id
from tests.support.ports import free_port
from tests.support.processes import ManagedProcess

NODES = {
    "gateway": Node(GATEWAY_ID, {"istio": "ingressgateway"}),
    "sidecar": Node(sidecar_id("app-1", "default"), {"app": "app"}),
    "any id": Node("edge-7", {}, {"ROLE": "router", "NAMESPACE": "shop"}),
}


@pytest.mark.parametrize("node", NODES.values(), ids=NODES)
@pytest.mark.parametrize("delta", [True, False], ids=["delta", "sotw"])
@pytest.mark.parametrize("xds", ["127.0.0.1:18000", "[::1]:18000", "control-plane:18000"])
def test_envoy_finds_every_bootstrap_valid(
    node: Node, delta: bool, xds: str, tmp_path: Path
) -> None:
    bootstrap = make_bootstrap(node, Address.parse(xds), admin=Address("127.0.0.1", 0), delta=delta)
    file = tmp_path / "bootstrap.json"
    file.write_text(json.dumps(to_dict(bootstrap)))

    check_with_envoy(file)


@pytest.mark.parametrize("name", ["gateway.yaml", "sidecar.yaml"])
def test_envoy_finds_the_committed_bootstraps_valid(name: str) -> None:
    check_with_envoy(Path(__file__).parents[2] / "envoy" / name)


def check_with_envoy(file: Path) -> None:
    result = subprocess.run(
        [envoy_executable(), "--mode", "validate", "-c", str(file)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.returncode == 0, result.stderr
    # Nothing deprecated, no limit forgotten.
    assert "[warning]" not in result.stderr
    assert "deprecated" not in result.stderr


def test_an_envoy_without_its_control_plane_waits_for_it(
    processes: list[ManagedProcess], tmp_path: Path
) -> None:
    envoy = EnvoyProcess.of(NODES["gateway"], f"127.0.0.1:{free_port()}", tmp_path)
    processes.append(envoy)
    envoy.start()

    envoy.wait_until(lambda envoy: envoy.stat("cluster.xds-grpc.upstream_cx_connect_fail") > 1)

    assert json.loads(envoy.admin("/server_info"))["state"] == "PRE_INITIALIZING"
    assert "[warning][main]" not in envoy.tail()
