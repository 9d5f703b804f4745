"""Both charts as they are installed: their arguments, rights, tokens and TLS, at the tutorial.

What a kubelet does is played: it starts programs, mounts files, and tells where Pods listen.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.chart_gateway import ChartGateway
from tests.support.charts import (
    CHARTS,
    CONTROL_PLANE,
    GATEWAY,
    container,
    grant,
    only,
    pod_of,
    render,
)
from tests.support.host_address import host_address
from tests.support.http import HttpClient
from tests.support.inference import GrpcClient, GrpcUpstream
from tests.support.kube import KubeServer
from tests.support.kube_binaries import program
from tests.support.kube_client import Json, KubeError
from tests.support.kubelet import running
from tests.support.mounts import MountedVolume
from tests.support.ports import free_port
from tests.support.processes import ManagedProcess
from tests.support.tutorial import documents, tutorial_slice
from tests.support.waiting import eventually

ROOT = CHARTS.parents[1]
OWN, SHOP = "straightway-system", "modelmesh-serving"
KEY = "modelmesh.asm.alibabacloud.com"
HOLDERS = {"runtime-1": ["tf-mnist"], "runtime-2": ["sklearn-mnist", "bert"]}
SECRETS = "/var/run/secrets"


@dataclass
class Installed:
    """The running system; ``port`` is that of the gateway which the tutorial calls 8008."""

    kube: KubeServer
    control_plane: ManagedProcess
    gateway: ChartGateway
    port: int
    health: int


def serve_command(kube: KubeServer, folder: Path, xds: int, health: int) -> list[str]:
    """The command of the chart's Pod, with its rights, on ports of this machine."""
    objects = render(CONTROL_PLANE, namespace=OWN)
    kubeconfig = kube.kubeconfig(grant(kube, objects), namespace=OWN)
    moved = {
        "--xds-tls-address": f"127.0.0.1:{xds}",
        "--health-address": f"127.0.0.1:{health}",
        "--state": str(folder / "state"),
    }
    arguments = [
        f"{name}={moved[name]}" if name in moved else argument
        for argument in container(objects)["args"]
        for name in [argument.partition("=")[0]]
    ]
    # In a Pod nobody else has this port.
    arguments += [f"--xds-address=127.0.0.1:{free_port()}", "--kubeconfig", str(kubeconfig)]
    return [sys.executable, "-m", "straightway", *arguments]


def run_runtimes(kube: KubeServer, stack: ExitStack) -> None:
    """Run the Pods that hold models; each has a port of its own, and hence a slice."""
    address = host_address()
    for name, models in HOLDERS.items():
        upstream = GrpcUpstream(name, address=address)
        stack.callback(upstream.close)
        labels = {"app": "modelmesh-serving"} | {f"{KEY}/{model}": "true" for model in models}
        metadata = {"name": name, "namespace": SHOP, "labels": labels}
        main = {"name": "main", "image": "runtime:1", "ports": [{"containerPort": upstream.port}]}
        body = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata}
        (stored,) = kube.apply(body | {"spec": {"containers": [main]}})
        kube.set_status(stored, running(stored, address))
        kube.apply(tutorial_slice(name, upstream.port, address))


def ready_pod(kube: KubeServer, objects: Sequence[Json], name: str) -> Json:
    """Return the Pod that the gateway's Deployment would have, running."""
    kube.apply(only(objects, "ServiceAccount"))
    (stored,) = kube.apply(pod_of(objects, name))
    kube.set_status(stored, running(stored, host_address()))
    return stored


@pytest.fixture(scope="module")
def installed(
    module_kube: KubeServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installed]:
    kube, folder = module_kube, tmp_path_factory.mktemp("installed")
    for name in (OWN, SHOP):
        kube.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    kube.install_crds(documents(ROOT / "deploy" / "crds"))
    port, xds, health = free_port(), free_port(), free_port()
    with ExitStack() as stack:
        command = serve_command(kube, folder, xds, health)
        control_plane = ManagedProcess("control plane", command, folder / "control-plane.log")
        stack.callback(control_plane.close)
        control_plane.start()
        gateway = start_gateway(kube, folder, xds, stack)
        kube.apply(*documents(ROOT / "demo" / "config"))
        # The port of the Gateway is free on this machine for one test at a time.
        kube.apply(gateway_ports(port))
        run_runtimes(kube, stack)
        gateway.envoy.wait_for_listener(port)
        yield Installed(kube, control_plane, gateway, port, health)


def found_in(kube: KubeServer, item: Json) -> Json | None:
    try:
        return kube.read(item)
    except KubeError:
        return None


def gateway_ports(port: int) -> Json:
    """Map the tutorial's port to a free one, as a Service of the gateway may."""
    ports = [{"name": "grpc-models", "port": 8008, "targetPort": port}]
    selector = {"istio": "ingressgateway"}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "gateway-ports", "namespace": SHOP},
        "spec": {"selector": selector, "ports": ports},
    }


def start_gateway(kube: KubeServer, folder: Path, xds: int, stack: ExitStack) -> ChartGateway:
    """Start the gateway's Envoy, with a token of its Pod and the CA that it finds mounted."""
    objects = render(GATEWAY, release="models", namespace=SHOP)
    pod = ready_pod(kube, objects, "models-1")
    account = only(objects, "ServiceAccount")["metadata"]["name"]
    token = kube.service_account(SHOP, account, audience="straightway", pod=pod)
    authority = {"apiVersion": "v1", "kind": "ConfigMap"} | {
        "metadata": {"name": "straightway-ca", "namespace": SHOP}
    }
    found = eventually(lambda: found_in(kube, authority), what="the CA is published", seconds=30)
    assert found is not None
    volumes = {
        f"{SECRETS}/straightway": {"token": token.encode()},
        f"{SECRETS}/straightway-ca": {"ca.crt": found["data"]["ca.crt"].encode()},
    }
    folders = {path: folder / path.rpartition("/")[2] for path in volumes}
    for path, files in volumes.items():
        MountedVolume(folders[path], files)
    folders["/etc/envoy"] = folder / "etc"
    variables = {"POD_NAME": "models-1", "POD_NAMESPACE": SHOP, "POD_IP": "10.0.0.9"}
    gateway = ChartGateway(folder, {}, f"127.0.0.1:{xds}", pod=variables, folders=folders)
    MountedVolume(folders["/etc/envoy"], {n: t.encode() for n, t in gateway.files.items()})
    stack.callback(gateway.envoy.close)
    gateway.envoy.start()
    return gateway


def test_each_request_goes_to_a_pod_that_holds_its_model(installed: Installed) -> None:
    client = GrpcClient(installed.port)
    try:
        for model, holder in {"tf-mnist": "runtime-1", "bert": "runtime-2"}.items():
            answers = [client.infer(model, 1.0, headers={"model": model}) for _ in range(20)]
            assert {answer.upstream for answer in answers} == {holder}
    finally:
        client.close()


def test_kubectl_shows_on_the_objects_that_they_are_in_force(installed: Installed) -> None:
    eventually(lambda: columns(installed.kube) == ["True", "True"], seconds=30)


def columns(kube: KubeServer) -> list[str]:
    """What kubectl shows of the DestinationRule: whether it is accepted and programmed."""
    command = [program("kubectl"), "--kubeconfig", str(kube.kubeconfig()), "--namespace", SHOP]
    command += ["get", "destinationrule", "--no-headers"]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return printed.split()[2:4]


def test_the_probes_of_the_chart_find_both_ready(installed: Installed) -> None:
    client = HttpClient(installed.health)
    try:
        assert client.send("/readyz").status == client.send("/healthz").status == 200
    finally:
        client.close()
    assert installed.gateway.get(15021, installed.gateway.probe) == 200


def test_nothing_was_forbidden(installed: Installed) -> None:
    log = installed.control_plane.log.read_text()

    assert "orbidden" not in log
    assert '"level": "error"' not in log
