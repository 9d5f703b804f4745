"""docker-compose.yml and the Dockerfile, as far as they can be checked without Docker."""

from __future__ import annotations

import json
import shlex
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from typer.testing import CliRunner

from demo import session
from demo.moves import spread
from demo.runtime import parse_arguments
from demo.training import CLASSIFIERS
from straightway.cli import app

ROOT = Path(__file__).parents[2]
COMPOSE_FILE = ROOT / "docker-compose.yml"
COMPOSE = yaml.safe_load(COMPOSE_FILE.read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
BOOTSTRAP = yaml.safe_load((ROOT / "envoy" / "gateway.yaml").read_text())
RUNTIMES = [name for name in SERVICES if name.startswith("runtime-")]
INSTRUCTIONS = [
    line.split(maxsplit=1)
    for line in (ROOT / "Dockerfile").read_text().splitlines()
    if line and not line.startswith("#")
]


def command(service: str, program: str) -> list[str]:
    """The arguments that a service gives to its program."""
    text = SERVICES[service]["command"]
    assert text.startswith(program)
    return shlex.split(text.removeprefix(program))


def serve_options() -> dict[str, Any]:
    """What `straightway serve` understands from its command."""
    program = typer.main.get_command(app)
    assert isinstance(program, typer.core.TyperGroup)
    name, *arguments = command("control-plane", "straightway ")
    return program.commands[name].make_context(name, arguments).params


def test_it_follows_the_compose_specification() -> None:
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    result = subprocess.run(
        [*check, str(COMPOSE_FILE)], capture_output=True, text=True, check=False
    )

    assert result.returncode == 0, result.stdout


def test_it_has_the_topology_of_the_demo() -> None:
    assert list(SERVICES) == ["control-plane", *session.RUNTIMES, "gateway"]


def test_images_are_pinned_by_tag() -> None:
    bases = [argument for instruction, argument in INSTRUCTIONS if instruction == "FROM"]
    images = [service["image"] for service in SERVICES.values() if "image" in service]

    assert bases == ["python:3.11-slim AS control-plane", "control-plane AS demo"]
    assert images == ["envoyproxy/envoy:v1.40-latest"]


def test_the_gateway_mounts_its_committed_bootstrap_where_the_image_looks_for_it() -> None:
    (mount,) = SERVICES["gateway"]["volumes"]
    source, target, mode = mount.split(":")

    assert (ROOT / source).is_file()
    assert (target, mode) == ("/etc/envoy/envoy.yaml", "ro")


def test_the_bootstrap_leads_to_the_control_plane() -> None:
    (cluster,) = BOOTSTRAP["static_resources"]["clusters"]
    (locality,) = cluster["load_assignment"]["endpoints"]
    (endpoint,) = locality["lb_endpoints"]
    socket_address = endpoint["endpoint"]["address"]["socket_address"]

    assert socket_address["address"] == "control-plane"
    assert socket_address["port_value"] == serve_options()["xds_address"].port


def test_the_control_plane_listens_where_other_containers_reach_it() -> None:
    options = serve_options()

    assert options["xds_address"].host == "0.0.0.0"
    assert str(options["config"]) == "/config"


def test_the_gateway_serves_the_published_port_to_the_outside() -> None:
    (published,) = SERVICES["gateway"]["ports"]
    node = BOOTSTRAP["node"]
    labels = [f"--label={key}={value}" for key, value in node["metadata"]["LABELS"].items()]

    result = CliRunner().invoke(
        app,
        [
            *("translate", "--config", str(ROOT / "demo" / "config"), "--node", node["id"]),
            *(*labels, "--type", "listener", "-o", "json"),
        ],
    )

    assert result.exit_code == 0, result.output
    (listener,) = json.loads(result.stdout)["listener"]
    assert listener["address"]["socket_address"] == {"address": "0.0.0.0", "port_value": 8008}
    assert published == "127.0.0.1:8008:8008"
    # The demo's transcoder is for this gateway, too.
    assert "grpc_json_transcoder" in json.dumps(listener)


@pytest.mark.parametrize("name", RUNTIMES)
def test_a_runtime_understands_its_command(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    looked_up: list[str] = []

    def look_up(host: str) -> str:
        looked_up.append(host)
        return "10.0.0.9"

    monkeypatch.setattr(socket, "gethostbyname", look_up)
    monkeypatch.setattr(sys, "argv", ["runtime", *command(name, "python -m demo.runtime ")])

    settings = parse_arguments()

    assert settings.name == name
    assert settings.entry == Path(f"/config/{name}.yaml")
    assert (settings.host, settings.address, looked_up[-1]) == ("0.0.0.0", "10.0.0.9", name)
    placement = spread(sorted(CLASSIFIERS), RUNTIMES, settings.capacity)
    assert settings.capacity == session.CAPACITY
    assert set(settings.preload) == placement[name]


def test_control_plane_and_runtimes_share_the_config_volume() -> None:
    for name in ["control-plane", *RUNTIMES]:
        assert "config:/config" in SERVICES[name]["volumes"]
        assert SERVICES[name]["build"] == "."
    assert ["COPY", "demo/config /config"] in INSTRUCTIONS


def test_the_control_plane_keeps_its_state_in_a_volume() -> None:
    assert str(serve_options()["state"]) == "/state"
    assert "state:/state" in SERVICES["control-plane"]["volumes"]


def test_all_volumes_are_declared_and_writable_for_the_user_of_the_image() -> None:
    mounts = [mount.split(":") for name in RUNTIMES for mount in SERVICES[name]["volumes"]]
    mounts += [mount.split(":") for mount in SERVICES["control-plane"]["volumes"]]
    (owned,) = [
        argument.partition("chown -R nobody ")[2].split()
        for _, argument in INSTRUCTIONS
        if "chown" in argument
    ]

    assert [user for name, user in INSTRUCTIONS if name == "USER"] == ["65534", "root", "65534"]
    assert {name for name, _ in mounts} == set(COMPOSE["volumes"])
    assert {folder for _, folder in mounts} == set(owned)


def test_the_image_explains_itself_without_a_command() -> None:
    (arguments,) = [json.loads(argument) for name, argument in INSTRUCTIONS if name == "CMD"]
    program, *options = arguments

    assert program == "straightway"
    assert CliRunner().invoke(app, options).exit_code == 0


def test_the_image_copies_what_exists_and_is_not_ignored() -> None:
    ignored, *allowed = [
        line
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line and not line.startswith("#")
    ]
    assert ignored == "*"
    for instruction, argument in INSTRUCTIONS:
        if instruction == "COPY":
            for source in argument.split()[:-1]:
                assert (ROOT / source).exists(), source
                assert f"!{source.partition('/')[0]}" in allowed
