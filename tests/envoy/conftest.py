"""What tests with a real Envoy need: a config folder, a control plane, Envoys and upstreams."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Protocol

import pytest

from straightway.bootstrap import Node
from tests.support.config_folder import ConfigFolder
from tests.support.control_plane import ControlPlane
from tests.support.envoy import GATEWAY_ID, GATEWAY_LABELS, EnvoyProcess
from tests.support.http import HttpClient
from tests.support.inference import GrpcClient, GrpcUpstream
from tests.support.processes import ManagedProcess
from tests.support.upstreams import HttpUpstream

_PROCESSES = pytest.StashKey[list[ManagedProcess]]()


class StartEnvoy(Protocol):
    def __call__(
        self,
        node_id: str = ...,
        labels: Mapping[str, str] = ...,
        *,
        metadata: Mapping[str, str] | None = ...,
        name: str = ...,
    ) -> EnvoyProcess: ...


@pytest.fixture
def processes(request: pytest.FixtureRequest) -> Iterator[list[ManagedProcess]]:
    """The processes of this test: add yours, it is ended after the test and shown if that fails."""
    owned: list[ManagedProcess] = []
    request.node.stash[_PROCESSES] = owned
    yield owned
    for process in reversed(owned):
        process.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the end of every process's log under a test that failed."""
    report = yield
    if report.failed:
        for process in item.stash.get(_PROCESSES, []):
            report.sections.append((f"log of {process.name}", process.tail()))
    return report


@pytest.fixture
def config(tmp_path: Path) -> ConfigFolder:
    """The control plane's config folder; empty."""
    return ConfigFolder(tmp_path / "config")


@pytest.fixture
def control_plane(
    config: ConfigFolder, processes: list[ManagedProcess], tmp_path: Path
) -> ControlPlane:
    """A running control plane over `config`."""
    control_plane = ControlPlane(config, tmp_path)
    processes.append(control_plane)
    control_plane.start()
    return control_plane


@pytest.fixture(params=["delta", "sotw"])
def variant(request: pytest.FixtureRequest) -> str:
    """Runs a test in both variants of xDS; a test that does not ask for it runs in delta."""
    return str(request.param)


@pytest.fixture
def start_envoy(
    request: pytest.FixtureRequest,
    control_plane: ControlPlane,
    processes: list[ManagedProcess],
    tmp_path: Path,
) -> StartEnvoy:
    """Starts Envoys of this control plane: one gateway unless told otherwise."""
    delta = "variant" not in request.fixturenames or request.getfixturevalue("variant") == "delta"

    def start(
        node_id: str = GATEWAY_ID,
        labels: Mapping[str, str] = GATEWAY_LABELS,
        *,
        metadata: Mapping[str, str] | None = None,
        name: str = "gateway",
    ) -> EnvoyProcess:
        node = Node(node_id, labels, metadata or {})
        envoy = EnvoyProcess.of(node, control_plane.address, tmp_path, delta=delta, name=name)
        processes.append(envoy)
        envoy.start()
        return envoy

    return start


@pytest.fixture
def http_upstream() -> Iterator[Callable[[str], HttpUpstream]]:
    """Starts HTTP echo servers by name."""
    with ExitStack() as stack:
        yield lambda name: stack.enter_context(closing(HttpUpstream(name)))


@pytest.fixture
def grpc_upstream() -> Iterator[Callable[[str], GrpcUpstream]]:
    """Starts Open Inference gRPC servers by name."""
    with ExitStack() as stack:
        yield lambda name: stack.enter_context(closing(GrpcUpstream(name)))


@pytest.fixture
def http_client() -> Iterator[Callable[[int], HttpClient]]:
    """Makes HTTP clients for a port."""
    with ExitStack() as stack:
        yield lambda port: stack.enter_context(closing(HttpClient(port)))


@pytest.fixture
def grpc_client() -> Iterator[Callable[[int], GrpcClient]]:
    """Makes Open Inference gRPC clients for a port."""
    with ExitStack() as stack:
        yield lambda port: stack.enter_context(closing(GrpcClient(port)))
