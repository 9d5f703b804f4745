"""The gateway chart's bootstrap: what `straightway bootstrap` prints, run by a real Envoy."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from typer.testing import CliRunner

from straightway.cli.bootstrap import bootstrap
from tests.support.charts import CHARTS, EVERYTHING, GATEWAY, container, only, render
from tests.support.envoy import EnvoyProcess
from tests.support.http import HttpClient
from tests.support.kube_client import Json
from tests.support.load import Load
from tests.support.mesh import Mesh
from tests.support.objects import route_to, service, virtual_service
from tests.support.ports import free_port

FILE = CHARTS / GATEWAY / "files" / "bootstrap.yaml"


def printed(*arguments: str) -> str:
    app = typer.Typer(add_completion=False)
    app.command()(bootstrap)
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def rendered(objects: list[Json]) -> Json:
    text = only(objects, "ConfigMap")["data"]["bootstrap.yaml"]
    found: Json = yaml.safe_load(text)
    return found


def command(file: Path = FILE) -> list[str]:
    """The options in the first line of the chart's file."""
    first = file.read_text().partition("\n")[0]
    return shlex.split(first.removeprefix("# Written by: straightway bootstrap "))


def test_the_charts_file_is_what_the_command_in_its_first_line_prints() -> None:
    rest = FILE.read_text().partition("\n")[2]

    assert rest == printed(*command()), f"run the command in the first line of {FILE} again"


@pytest.mark.parametrize("values", [{}, EVERYTHING[GATEWAY]], ids=["defaults", "everything on"])
def test_a_release_has_what_the_command_prints_for_its_values(values: Json) -> None:
    objects = render(GATEWAY, values, release="models", namespace="shop")

    host, port, audience, wait = "straightway.straightway-system.svc", 18443, "straightway", 35
    if values:
        host, port = values["controlPlane"]["host"], values["controlPlane"]["port"]
        audience = values["controlPlane"]["tokenAudience"]
        wait = values["drain"]["seconds"] + values["drain"]["lingerSeconds"]
    labels = {
        "app": "models",
        "app.kubernetes.io/name": GATEWAY,
        "app.kubernetes.io/instance": "models",
        **values.get("labels", {"istio": "ingressgateway"}),
    }
    options = with_values(
        command(),
        {
            "--node": "router~0.0.0.0~models.shop~shop.svc.cluster.local",
            "--xds": f"{host}:{port}",
            "--drain-seconds": str(wait),
        },
    )
    for label in labels.items():
        options += ["--label", "=".join(label)]
    assert rendered(objects) == yaml.safe_load(printed(*options))
    (volume,) = (
        volume
        for volume in only(objects, "Deployment")["spec"]["template"]["spec"]["volumes"]
        if "projected" in volume
    )
    assert volume["projected"]["sources"][0]["serviceAccountToken"]["audience"] == audience


def with_values(options: list[str], values: dict[str, str]) -> list[str]:
    """Replace the values of options that are there."""
    changed = list(options)
    for name, value in values.items():
        changed[changed.index(name) + 1] = value
    return changed


def test_the_pods_labels_are_those_that_envoy_says_of_itself() -> None:
    objects = render(GATEWAY, EVERYTHING[GATEWAY])
    labels = only(objects, "Deployment")["spec"]["template"]["metadata"]["labels"]

    claimed = rendered(objects)["node"]["metadata"]["LABELS"]
    assert claimed.items() <= labels.items()
    assert {name for name in labels.keys() - claimed.keys() if "inject" not in name} == set()


# With a real Envoy.

PORTS = (15000, 15020, 15021, 15090)
"""Ports that the bootstrap fixes; here each Envoy has its own."""


class Gateway:
    """An Envoy run as a Pod of the chart runs it, but on ports and with files of this test."""

    def __init__(self, mesh: Mesh, folder: Path, values: Json) -> None:
        objects = render(GATEWAY, values, release="models", namespace=NAMESPACE)
        self.ports = {port: free_port() for port in PORTS}
        config = localized(rendered(objects), self.ports, mesh.control_plane.address)
        self.envoy = EnvoyProcess("gateway", config, folder)
        self.envoy.command += arguments_of(container(objects))
        self.probe = container(objects)["readinessProbe"]["httpGet"]["path"]
        self.hook = container(objects)["lifecycle"]["preStop"]["httpGet"]

    def get(self, port: int, path: str) -> int:
        """The status of a GET at a port of the chart."""
        with closing(HttpClient(self.ports[port])) as client:
            return client.send(path).status


def localized(found: Json, ports: dict[int, int], xds: str) -> Json:
    host, _, port = xds.rpartition(":")

    def at(node: Any) -> Any:
        if isinstance(node, list):
            return [at(item) for item in node]
        if not isinstance(node, dict):
            return node
        if node.get("port_value") in ports:
            return {"address": "127.0.0.1", "port_value": ports[node["port_value"]]}
        if node.get("port_value") == 18443:
            return {"address": host, "port_value": int(port)}
        return {name: at(value) for name, value in node.items()}

    result: Json = at(found)
    return result


NAMESPACE = "istio-system"
"""That of the gateway; `Mesh.open_port` writes its Service there."""

POD = {"POD_NAME": "models-7d9f-x2x", "POD_NAMESPACE": NAMESPACE, "POD_IP": "10.0.0.9"}


def arguments_of(envoy: Json) -> list[str]:
    """The container's arguments as a kubelet passes them, without those that the test sets."""
    assert {entry["name"] for entry in envoy["env"]} == set(POD)
    arguments = [re.sub(r"\$\((\w+)\)", lambda name: POD[name[1]], text) for text in envoy["args"]]
    for name in ("--config-path", "--concurrency", "--log-level"):
        at = arguments.index(name)
        del arguments[at : at + 2]
    return arguments


@pytest.fixture
def mesh(tmp_path: Path) -> Iterator[Mesh]:
    with Mesh(tmp_path) as mesh:
        yield mesh


@pytest.fixture
def gateway(mesh: Mesh, tmp_path: Path) -> Gateway:
    made = Gateway(mesh, tmp_path, {"drain": {"seconds": 1, "lingerSeconds": 0}})
    mesh.processes.append(made.envoy)
    made.envoy.start()
    return made


def test_envoy_is_the_pods_proxy_and_ready_with_its_first_config(
    gateway: Gateway, mesh: Mesh
) -> None:
    gateway.envoy.wait_for_listener(gateway.ports[15021])

    assert gateway.get(15021, gateway.probe) == 200
    assert gateway.get(15090, "/stats/prometheus") == 200
    node = f"router~10.0.0.9~models-7d9f-x2x.{NAMESPACE}~{NAMESPACE}.svc.cluster.local"
    assert mesh.control_plane.logs("proxy connected", node=node)


def test_no_request_fails_while_a_pod_ends(gateway: Gateway, mesh: Mesh) -> None:
    port = mesh.open_port()
    mesh.write_workload(mesh.http_upstream("front"), {"app": "front"})
    mesh.config.write(
        "routes.yaml",
        service("front", "default", selector={"app": "front"}, ports={"http": 80}),
        virtual_service("front", "default", [route_to("front")]),
    )
    gateway.envoy.wait_for_listener(port)

    # What a kubelet does: the hook, then SIGTERM. Load balancers have noticed by then.
    with Load(mesh.http_client(port).send) as load:
        load.wait_for_more()
        assert gateway.get(gateway.hook["port"], gateway.hook["path"]) == 200
        last = load.wait_for_more()[-1]

    assert load.failures == []
    assert last.headers["connection"] == "close"
    assert gateway.envoy.stop() == 0
