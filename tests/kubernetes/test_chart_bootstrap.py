"""The gateway chart's bootstrap: what `straightway bootstrap` prints, run by a real Envoy."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import typer
import yaml
from typer.testing import CliRunner

from deploy.gateway_files import FOLDER, PORTS, TLS, made
from straightway.certificates import ServerTls
from straightway.cli.bootstrap import bootstrap as command
from tests.envoy.test_xds_tls import Server, with_token
from tests.support.certificates import AUTHORITY, server_pair
from tests.support.chart_gateway import ChartGateway, files_of
from tests.support.charts import EVERYTHING, GATEWAY, container, only, render
from tests.support.kube_client import Json
from tests.support.load import Load
from tests.support.mesh import Mesh
from tests.support.mounts import MountedVolume
from tests.support.objects import route_to, service, virtual_service

HOST = "straightway.straightway-system.svc"
PORT = 18443


def bootstrap_of(objects: list[Json]) -> Json:
    found: Json = yaml.safe_load(files_of(objects)["bootstrap.yaml"])
    return found


def pod_of(objects: list[Json]) -> Json:
    return dict(only(objects, "Deployment")["spec"]["template"]["spec"])


def test_the_charts_files_are_up_to_date() -> None:
    assert {file.name: file.read_text() for file in FOLDER.iterdir()} == made(), "run `make charts`"


@pytest.mark.parametrize("values", [{}, EVERYTHING[GATEWAY]], ids=["defaults", "everything on"])
def test_a_release_has_what_the_command_makes_for_its_values(
    values: Json, monkeypatch: pytest.MonkeyPatch
) -> None:
    objects = render(GATEWAY, values, release="models", namespace="shop")

    host, port, wait = HOST, PORT, 35
    if values:
        host, port = values["controlPlane"]["host"], values["controlPlane"]["port"]
        wait = values["drain"]["seconds"] + values["drain"]["lingerSeconds"]
    labels = {
        "app": "models",
        "app.kubernetes.io/name": GATEWAY,
        "app.kubernetes.io/instance": "models",
        **values.get("labels", {"istio": "ingressgateway"}),
    }
    options = [
        *("--node", "router~0.0.0.0~models.shop~shop.svc.cluster.local"),
        *(f"--label={name}={value}" for name, value in labels.items()),
        *("--xds", f"{host}:{port}", "--xds-ca", str(TLS.authorities)),
        *("--xds-token", str(TLS.token), "--xds-secrets", str(TLS.secrets)),
        *(f"--{name}=0.0.0.0:{number}" for name, number in PORTS.items()),
        *("--drain-seconds", str(wait)),
    ]
    printed, written = run(options, monkeypatch)
    assert bootstrap_of(objects) == printed
    others = {name: text for name, text in files_of(objects).items() if name != "bootstrap.yaml"}
    assert {name: json.loads(text) for name, text in others.items()} == written


def run(options: list[str], monkeypatch: pytest.MonkeyPatch) -> tuple[Json, Json]:
    """What the command prints, and the files that it would write."""
    written: Json = {}

    def write(folder: Path, files: Mapping[str, str], _: str) -> None:
        assert str(folder) == str(TLS.secrets)
        written.update({name: json.loads(text) for name, text in files.items()})

    monkeypatch.setattr(sys.modules[command.__module__], "write_files", write)
    app = typer.Typer(add_completion=False)
    app.command()(command)
    result = CliRunner().invoke(app, options)
    assert result.exit_code == 0, result.output
    return yaml.safe_load(result.stdout), written


def test_every_file_that_envoy_reads_is_mounted() -> None:
    objects = render(GATEWAY, EVERYTHING[GATEWAY])
    volumes = {volume["name"]: volume for volume in pod_of(objects)["volumes"]}
    mounted = {
        f"{mount['mountPath']}/{file}"
        for mount in container(objects)["volumeMounts"]
        for file in names_in(volumes[mount["name"]], objects)
    }

    files = r"(?:filename|path)\"?: \"?(/\S+\.\w+|/\S+/token)\b"
    read = {
        container(objects)["args"][1],
        *re.findall(files, "\n".join(files_of(objects).values())),
    }
    assert read == mounted


def names_in(volume: Json, objects: list[Json]) -> list[str]:
    if "projected" in volume:
        return [source["serviceAccountToken"]["path"] for source in volume["projected"]["sources"]]
    if "items" in volume["configMap"]:
        return [item["path"] for item in volume["configMap"]["items"]]
    assert volume["configMap"]["name"] == only(objects, "ConfigMap")["metadata"]["name"]
    return list(files_of(objects))


def test_the_pods_labels_are_those_that_envoy_says_of_itself() -> None:
    objects = render(GATEWAY, EVERYTHING[GATEWAY])
    labels = only(objects, "Deployment")["spec"]["template"]["metadata"]["labels"]

    claimed = bootstrap_of(objects)["node"]["metadata"]["LABELS"]
    assert claimed.items() <= labels.items()
    assert all("inject" in name for name in labels.keys() - claimed.keys())


def test_a_change_of_the_bootstrap_makes_new_pods() -> None:
    def template(values: Json) -> Json:
        return dict(only(render(GATEWAY, values), "Deployment")["spec"]["template"]["metadata"])

    assert template({"controlPlane": {"port": 1}}) != template({"controlPlane": {"port": 2}})
    assert template({"service": {"statusPort": False}}) == template({})


# With a real Envoy.

NAMESPACE = "istio-system"
"""That of the gateway; `Mesh.open_port` writes its Service there."""

POD = {"POD_NAME": "models-7d9f-x2x", "POD_NAMESPACE": NAMESPACE, "POD_IP": "10.0.0.9"}
NODE_ID = f"router~10.0.0.9~models-7d9f-x2x.{NAMESPACE}~{NAMESPACE}.svc.cluster.local"


@pytest.fixture
def mesh(tmp_path: Path) -> Iterator[Mesh]:
    with Mesh(tmp_path) as mesh:
        yield mesh


@pytest.fixture
def gateway(mesh: Mesh, tmp_path: Path) -> ChartGateway:
    values = {"drain": {"seconds": 1, "lingerSeconds": 0}}
    made = ChartGateway(tmp_path, values, mesh.control_plane.address, pod=POD)
    mesh.processes.append(made.envoy)
    made.envoy.start()
    return made


def test_envoy_is_the_pods_proxy_and_ready_with_its_first_config(
    gateway: ChartGateway, mesh: Mesh
) -> None:
    gateway.envoy.wait_for_listener(gateway.ports[15021])

    assert gateway.get(15021, gateway.probe) == 200
    assert gateway.get(15090, "/stats/prometheus") == 200
    assert mesh.control_plane.logs("proxy connected", node=NODE_ID)


def test_no_request_fails_while_a_pod_ends(gateway: ChartGateway, mesh: Mesh) -> None:
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
        load.wait_for_more()
        last = load.wait_for_more()[-1]

    assert load.failures == []
    assert last.headers["connection"] == "close"
    assert gateway.envoy.stop() == 0


async def test_it_shows_its_token_to_the_control_plane_that_it_trusts(
    mesh: Mesh, tmp_path: Path
) -> None:
    server = Server(ServerTls(server_pair(HOST)))
    volumes = {
        "/var/run/secrets/straightway": MountedVolume(tmp_path / "token", {"token": b"shown"}),
        "/var/run/secrets/straightway-ca": MountedVolume(
            tmp_path / "ca", {"ca.crt": AUTHORITY.certificate}
        ),
    }
    folders = {path: volume.folder for path, volume in volumes.items()}
    folders["/etc/envoy"] = tmp_path / "etc"
    gateway = ChartGateway(tmp_path, {}, f"127.0.0.1:{server.port}", pod=POD, folders=folders)
    MountedVolume(tmp_path / "etc", {name: text.encode() for name, text in gateway.files.items()})
    mesh.processes.append(gateway.envoy)

    async with server.running():
        await asyncio.to_thread(gateway.envoy.start)
        await server.admits(with_token("shown"))
