"""What tests with a real Envoy need: a mesh, and its parts one by one."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Protocol

import pytest

from tests.support.config_folder import ConfigFolder
from tests.support.control_plane import ControlPlane
from tests.support.demo import Demo
from tests.support.envoy import EnvoyProcess
from tests.support.http import HttpClient
from tests.support.inference import GrpcClient, GrpcUpstream
from tests.support.mesh import Mesh
from tests.support.processes import ManagedProcess
from tests.support.upstreams import HttpUpstream

_MESHES = pytest.StashKey[list[Mesh]]()


class StartEnvoy(Protocol):
    def __call__(
        self,
        node_id: str = ...,
        labels: Mapping[str, str] = ...,
        *,
        metadata: Mapping[str, str] | None = ...,
        name: str = ...,
    ) -> EnvoyProcess: ...


@pytest.fixture(params=["delta", "sotw"])
def variant(request: pytest.FixtureRequest) -> str:
    """Runs a test in both variants of xDS; a test that does not ask for it runs in delta."""
    return str(request.param)


@pytest.fixture
def mesh(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Mesh]:
    """A mesh for one test, in the test's variant of xDS."""
    delta = "variant" not in request.fixturenames or request.getfixturevalue("variant") == "delta"
    with Mesh(tmp_path, delta=delta) as mesh, _shown(request, mesh):
        yield mesh


@pytest.fixture(scope="module")
def shared_mesh(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Mesh]:
    """A mesh for all tests of a module that send requests and change nothing."""
    with Mesh(tmp_path_factory.mktemp("mesh")) as mesh, _shown(request, mesh):
        yield mesh


@contextmanager
def _shown(request: pytest.FixtureRequest, mesh: Mesh) -> Iterator[None]:
    """Have the logs of a mesh shown under tests that fail meanwhile."""
    meshes = request.session.stash.setdefault(_MESHES, [])
    meshes.append(mesh)
    yield
    meshes.remove(mesh)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the end of every process's log under a test that failed."""
    report = yield
    if report.failed:
        for mesh in item.session.stash.get(_MESHES, []):
            for process in mesh.processes:
                report.sections.append((f"log of {process.name}", process.tail()))
    return report


# The parts of `mesh`.


@pytest.fixture
def processes(mesh: Mesh) -> list[ManagedProcess]:
    """The processes of this test: add yours, it is ended after the test and shown if that fails."""
    return mesh.processes


@pytest.fixture
def config(mesh: Mesh) -> ConfigFolder:
    """The control plane's config folder; empty."""
    return mesh.config


@pytest.fixture
def control_plane(mesh: Mesh) -> ControlPlane:
    """A running control plane over `config`."""
    return mesh.control_plane


@pytest.fixture
def start_envoy(mesh: Mesh) -> StartEnvoy:
    """Starts Envoys of this control plane: one gateway unless told otherwise."""
    return mesh.start_envoy


@pytest.fixture
def http_upstream(mesh: Mesh) -> Callable[[str], HttpUpstream]:
    """Starts HTTP echo servers by name."""
    return mesh.http_upstream


@pytest.fixture
def grpc_upstream(mesh: Mesh) -> Callable[[str], GrpcUpstream]:
    """Starts Open Inference gRPC servers by name."""
    return mesh.grpc_upstream


@pytest.fixture
def http_client(mesh: Mesh) -> Callable[[int], HttpClient]:
    """Makes HTTP clients for a port."""
    return mesh.http_client


@pytest.fixture
def grpc_client(mesh: Mesh) -> Callable[[int], GrpcClient]:
    """Makes Open Inference gRPC clients for a port."""
    return mesh.grpc_client


@pytest.fixture
def start_demo(tmp_path: Path) -> Iterator[Callable[..., Demo]]:
    """Starts a demo, by its module and options; it ends with the test."""
    with ExitStack() as stack:

        def start_one(*options: str, **more: Mapping[str, str]) -> Demo:
            demo = Demo(tmp_path, *options, **more)
            stack.callback(demo.close)
            return demo

        yield start_one
