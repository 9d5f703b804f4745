"""Config that is broken on the way: what served goes on serving, and the log says what is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.http import HttpClient
from tests.support.load import Load
from tests.support.mesh import NAMESPACE, Mesh
from tests.support.objects import service
from tests.support.waiting import eventually

LABELS = {"app": "runtime"}
VERSION = "x-config-version"
# With its line breaks: the tests count lines.
ROUTES = f"""apiVersion: networking.istio.io/v1
kind: VirtualService
metadata:
  name: routes
  namespace: {NAMESPACE}
spec:
  hosts: ['*']
  gateways: [entry]
  http:
  - route:
    - destination:
        host: runtimes
    headers:
      response:
        set: {{{VERSION}: first}}
"""


@pytest.fixture
def client(mesh: Mesh) -> HttpClient:
    """A client of a gateway before one runtime; its answers tell which config is in force."""
    port = mesh.open_port()
    mesh.write_workload(mesh.http_upstream("runtime"), LABELS)
    runtimes = service("runtimes", NAMESPACE, selector=LABELS, ports={"http": 80})
    mesh.config.write("runtimes.yaml", runtimes)
    mesh.config.write("routes.yaml", ROUTES)
    mesh.start_envoy().wait_for_listener(port)
    return mesh.http_client(port)


@pytest.fixture
def load(client: HttpClient) -> Iterator[Load]:
    """Requests all the time. After each test: none has failed, and the next config is taken."""
    with Load(lambda: client.send("/"), rate=100) as load:
        load.wait_for_more(10)
        yield load


def wait_for_version(load: Load, version: str) -> None:
    eventually(
        lambda: load.answers[-1].headers.get(VERSION) == version, what=f"{version} is in force"
    )


def wait_for_problem(mesh: Mesh, code: str, file: Path, line: int, level: str = "error") -> None:
    """Wait until the log has a problem with its place."""
    fields = {"code": code, "level": level, "at": f"{file}:{line}"}
    eventually(lambda: mesh.control_plane.logs("problem", **fields), what=f"{fields} in the log")


def assert_next_change_is_taken(mesh: Mesh, load: Load) -> None:
    """Save good YAML over whatever there is."""
    mesh.config.write("routes.yaml", ROUTES.replace("first", "second"))
    wait_for_version(load, "second")
    eventually(
        lambda: (
            len(mesh.control_plane.logs("problem solved"))
            == len(mesh.control_plane.logs("problem"))
        ),
        what="all problems are solved",
    )


def assert_nothing_was_felt(load: Load) -> None:
    after = load.wait_for_more()
    assert load.failures == []
    assert after[-1].headers[VERSION] == "first"


def test_broken_yaml_saved_over_good_yaml_leaves_the_good_in_force(mesh: Mesh, load: Load) -> None:
    file = mesh.config.write("routes.yaml", ROUTES.replace("- route:", "- route: ["))
    wait_for_problem(mesh, "yaml-syntax", file, 11)
    assert_nothing_was_felt(load)
    assert_next_change_is_taken(mesh, load)


def test_an_object_made_invalid_keeps_its_last_good_version(mesh: Mesh, load: Load) -> None:
    file = mesh.config.write("routes.yaml", ROUTES.replace("gateways", "gateway"))
    wait_for_problem(mesh, "unknown-field", file, 8)
    assert_nothing_was_felt(load)
    assert_next_change_is_taken(mesh, load)


def test_all_that_is_wrong_with_an_object_is_logged_at_once(mesh: Mesh, load: Load) -> None:
    broken = ROUTES.replace("gateways", "gateway").replace("set:", "sett:")
    file = mesh.config.write("routes.yaml", broken)
    wait_for_problem(mesh, "unknown-field", file, 8)
    wait_for_problem(mesh, "unknown-field", file, 15)
    assert_nothing_was_felt(load)


def test_a_file_cut_off_in_the_middle_leaves_the_whole_in_force(mesh: Mesh, load: Load) -> None:
    file = mesh.config.write_in_place("routes.yaml", ROUTES[: ROUTES.index("first")])
    wait_for_problem(mesh, "yaml-syntax", file, 15)
    assert_nothing_was_felt(load)
    assert_next_change_is_taken(mesh, load)


def test_an_emptied_file_leaves_its_objects_in_force(mesh: Mesh, load: Load) -> None:
    file = mesh.config.write_in_place("routes.yaml", "")
    wait_for_problem(mesh, "empty-file", file, 1, level="warning")
    assert_nothing_was_felt(load)
    assert_next_change_is_taken(mesh, load)


def test_a_file_deleted_and_written_again_is_never_missed(mesh: Mesh, load: Load) -> None:
    for version in ("second", "third", "fourth"):
        mesh.config.remove("routes.yaml")
        mesh.config.write_in_place("routes.yaml", ROUTES.replace("first", version))
        wait_for_version(load, version)
    assert load.failures == []


def test_a_file_that_is_no_config_harms_no_other(mesh: Mesh, load: Load) -> None:
    file = mesh.config.path / "picture.yaml"
    file.write_bytes(b"GIF89a\xff\xfe\n")
    wait_for_problem(mesh, "not-utf-8", file, 1)
    assert_nothing_was_felt(load)


# What makes it impossible to say which object a document is.
SLIPS = {
    "kind: VirtualService": ["", "kind: VirtualServise", "kind: 7", "knd: VirtualService"],
    "metadata:": ["metadta:"],
    "name: routes": ["nmae: routes", "name: 7", "name: Routes"],
    f"namespace: {NAMESPACE}": ["namespace: 7"],
    "networking.istio.io": ["netwroking.istio.io"],
    ROUTES: ["a: b"],
}


def errors_told(mesh: Mesh) -> int:
    return len(mesh.control_plane.logs("problem", level="error"))


def wait_for_another_error(mesh: Mesh, told: int, slip: str) -> None:
    eventually(lambda: errors_told(mesh) > told, what=f"the log says that {slip!r} is wrong")


def test_a_slip_in_what_names_an_object_leaves_it_in_force(mesh: Mesh, load: Load) -> None:
    for right, slips in SLIPS.items():
        for slip in slips:
            told = errors_told(mesh)
            mesh.config.write("routes.yaml", ROUTES.replace(right, slip, 1))
            wait_for_another_error(mesh, told, slip)
    assert_nothing_was_felt(load)
    assert_next_change_is_taken(mesh, load)
