"""Real inference servers: one for all tests of a module, each test with models of its own."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import TypeVar

import pytest

from tests.support.runtimes import places
from tests.support.runtimes.kserve import KServe
from tests.support.runtimes.mlserver import MLServer
from tests.support.runtimes.runtime import Runtime
from tests.support.runtimes.triton import Triton

R = TypeVar("R", bound=Runtime)

_RUNNING = pytest.StashKey[list[Runtime]]()


@pytest.fixture(scope="module")
def triton(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Triton]:
    with _running(request, tmp_path_factory, Triton) as server:
        yield server


@pytest.fixture(scope="module")
def mlserver(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[MLServer]:
    with _running(request, tmp_path_factory, MLServer) as server:
        yield server


@pytest.fixture(scope="module")
def kserve(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[KServe]:
    with _running(request, tmp_path_factory, KServe) as server:
        yield server


@contextmanager
def _running(
    request: pytest.FixtureRequest, folders: pytest.TempPathFactory, kind: type[R]
) -> Iterator[R]:
    places.need(kind.name)
    server = kind(folders.mktemp(kind.name))
    running = request.session.stash.setdefault(_RUNNING, [])
    running.append(server)
    try:
        server.start()
        yield server
    finally:
        server.close()
        running.remove(server)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the end of every server's log under a test that failed."""
    report = yield
    if report.failed:
        for server in item.session.stash.get(_RUNNING, []):
            report.sections.append((f"log of {server.name}", server.process.tail(30)))
    return report
