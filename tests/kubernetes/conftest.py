"""What tests with a real Kubernetes API server need: one for all of them, or one of their own."""

from __future__ import annotations

import itertools
import re
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.kube import KubeServer
from tests.support.kube_binaries import need

_SERVERS = pytest.StashKey[list[KubeServer]]()
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def kube(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[KubeServer]:
    """The API server of all tests that neither stop nor compact it."""
    with _running(request, tmp_path_factory.mktemp("kube")) as server:
        yield server


@pytest.fixture
def own_kube(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[KubeServer]:
    """An API server for one test, which may do to it what it likes.

    Its parameters, if any, are further flags of the API server.
    """
    with _running(request, tmp_path / "kube", flags=getattr(request, "param", ())) as server:
        yield server


@pytest.fixture(scope="module")
def module_kube(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[KubeServer]:
    """An API server for the tests of one module, which may do to it what they like."""
    with _running(request, tmp_path_factory.mktemp("kube")) as server:
        yield server


@pytest.fixture
def live_kube(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[KubeServer]:
    """An API server with controllers for one test; without nodes, which a Kubelet plays."""
    with _running(request, tmp_path / "kube", controllers=True) as server:
        yield server


@pytest.fixture
def namespace(kube: KubeServer, request: pytest.FixtureRequest) -> str:
    """A namespace of `kube` for one test, named after it."""
    words = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower().removeprefix("test_"))
    name = f"{words[:50].strip('-')}-{next(_numbers)}"
    kube.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    return name


@contextmanager
def _running(
    request: pytest.FixtureRequest,
    folder: Path,
    *,
    controllers: bool = False,
    flags: Sequence[str] = (),
) -> Iterator[KubeServer]:
    need("etcd", "kube-apiserver", *(["kube-controllers"] if controllers else []))
    server = KubeServer(folder, controllers=controllers, flags=flags)
    servers = request.session.stash.setdefault(_SERVERS, [])
    servers.append(server)
    try:
        server.start()
        yield server
    finally:
        server.close()
        servers.remove(server)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the end of every server's log under a test that failed."""
    report = yield
    if report.failed:
        for server in item.session.stash.get(_SERVERS, []):
            for process in server.processes:
                report.sections.append((f"log of {process.name}", process.tail(30)))
    return report
