"""The source while an API server is killed, frozen, compacted, set back, and behind a bad network.

The tests share a server, each in a namespace of its own: a start takes seconds.
"""

from __future__ import annotations

import itertools
import threading
from contextlib import suppress
from typing import Any

import pytest

from straightway.kubernetes import follower, reflector
from straightway.schemas import definitions
from tests.support.cut_proxy import CutProxy
from tests.support.kube import KubeServer
from tests.support.kube_client import CRDS, KubeError
from tests.support.objects import service, virtual_service
from tests.support.running_source import RunningSource
from tests.support.waiting import eventually

pytestmark = pytest.mark.long

Json = dict[str, Any]
_numbers = itertools.count(1)


@pytest.fixture
def server(module_kube: KubeServer) -> KubeServer:
    """An API server that these tests treat badly, without any CRDs at first."""
    return module_kube


@pytest.fixture
def place(server: KubeServer) -> str:
    """A namespace of the server."""
    name = f"place-{next(_numbers)}"
    server.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    return name


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have kinds that are lacking believed sooner, and looked for more often."""
    monkeypatch.setattr(reflector, "CONFIRM_SECONDS", 0.5)
    monkeypatch.setattr(follower, "_LACKING_SECONDS", 0.5)


def item(place: str, name: str, **selector: str) -> Json:
    return service(name, place, selector={"app": name, **selector}, ports={"http": 80})


def keys(place: str, *names: str) -> list[str]:
    return [f"services/{place}/{name}" for name in names]


def step_of(source: RunningSource, place: str, name: str) -> Any:
    return source.bodies[f"services/{place}/{name}"]["spec"]["selector"].get("step")


def test_objects_change_while_the_server_is_killed_and_comes_back(
    server: KubeServer, place: str
) -> None:
    server.apply(item(place, "a", step="0"), item(place, "b"))
    end = threading.Event()
    written = 0

    def write() -> None:
        nonlocal written
        while not end.is_set():
            with suppress(OSError, KubeError):
                server.apply(item(place, "a", step=str(written + 1)))
                written += 1

    with RunningSource(server.kubeconfig(), namespaces=[place]) as source:
        source.wait_until_synced()
        writer = threading.Thread(target=write)
        writer.start()
        try:
            server.kill()
            server.start()
        finally:
            end.set()
            writer.join()
        stored = server.read(item(place, "a"))["spec"]["selector"]["step"]
        eventually(lambda: step_of(source, place, "a") == stored, seconds=30)
        assert set(source.bodies) == set(keys(place, "a", "b"))
        eventually(lambda: source.problems == {})


def test_what_was_deleted_behind_a_compaction_is_gone(server: KubeServer, place: str) -> None:
    server.apply(item(place, "a"), item(place, "b"), item(place, "c", step="1"))
    with (
        CutProxy(server.port) as proxy,
        RunningSource(server.kubeconfig(url=proxy.url), namespaces=[place]) as source,
    ):
        source.wait_until_synced()
        emitted = len(source.emitted)
        proxy.cut()
        server.delete(item(place, "a"))
        server.apply(item(place, "c", step="2"), item(place, "d"))
        server.apply(item(place, "e"))
        server.compact()
        server.kill()
        server.start()
        proxy.mend()
        source.wait_for(*keys(place, "b", "c", "d", "e"))
        eventually(lambda: step_of(source, place, "c") == "2")
        # And nothing was said of what has not changed.
        assert f"services/{place}/b" not in source.emitted[emitted:]


def test_older_data_is_caught_up_with(server: KubeServer, place: str) -> None:
    server.apply(item(place, "a", step="old"), item(place, "b"))
    saved = server.save()
    with RunningSource(server.kubeconfig(), namespaces=[place]) as source:
        source.wait_until_synced()
        # So many that the restored server's versions stay behind for the rest of the test.
        for step in range(100):
            server.apply(item(place, "a", step=str(step)))
        server.apply(item(place, "c"))
        server.delete(item(place, "b"))
        source.wait_for(*keys(place, "a", "c"))
        server.restore(saved)
        source.wait_for(*keys(place, "a", "b"))
        eventually(lambda: step_of(source, place, "a") == "old")
        server.apply(item(place, "a", step="new"))
        eventually(lambda: step_of(source, place, "a") == "new")


def test_a_frozen_server_costs_nothing_and_is_caught_up_with(
    server: KubeServer, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follower, "_WATCH_SECONDS", (2, 3))
    monkeypatch.setattr(follower, "_GRACE_SECONDS", 2)
    server.apply(item(place, "a"))
    with RunningSource(server.kubeconfig(), namespaces=[place]) as source:
        source.wait_until_synced()
        server.pause()
        try:
            eventually(lambda: source.problems, what="the problem", seconds=40)
        finally:
            server.resume()
        assert set(source.bodies) == set(keys(place, "a"))
        server.apply(item(place, "b"))
        source.wait_for(*keys(place, "a", "b"))
        eventually(lambda: source.problems == {})


def test_a_connection_that_went_dead_is_given_up(
    server: KubeServer, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follower, "_WATCH_SECONDS", (2, 3))
    monkeypatch.setattr(follower, "_GRACE_SECONDS", 2)
    server.apply(item(place, "a"))
    with (
        CutProxy(server.port) as proxy,
        RunningSource(server.kubeconfig(url=proxy.url), namespaces=[place]) as source,
    ):
        source.wait_until_synced()
        proxy.forget_connections()
        server.apply(item(place, "b"))
        source.wait_for(*keys(place, "a", "b"))


def test_kinds_come_with_their_crds_and_go_with_them(server: KubeServer, place: str) -> None:
    routes = virtual_service("routes", place, [])
    key = f"virtualservices.networking.istio.io/{place}/routes"
    with RunningSource(server.kubeconfig(), namespaces=[place]) as source:
        source.wait_until_synced()
        assert source.problems == {}
        server.install_crds(definitions())
        server.apply(routes)
        source.wait_for(key)
        server.request("DELETE", f"{CRDS}/virtualservices.networking.istio.io")
        source.wait_for()


@pytest.mark.parametrize("own_kube", [["--feature-gates=WatchList=false"]], indirect=True)
def test_a_server_without_streamed_lists_is_read_in_pages(
    own_kube: KubeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follower, "_PAGE", 2)
    names = ["a", "b", "c", "d", "e"]
    own_kube.apply(*(item("default", name) for name in names))
    with RunningSource(own_kube.kubeconfig(), namespaces=["default"]) as source:
        source.wait_until_synced()
        there = keys("default", *names)
        source.wait_for("services/default/kubernetes", *there)
        own_kube.delete(item("default", "a"))
        source.wait_for("services/default/kubernetes", *there[1:])
