"""Runtimes are asked what they hold: requests find their models, and nobody keeps labels."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from functools import partial
from typing import Any

import pytest

from tests.support.http import Answer
from tests.support.load import Load
from tests.support.mesh import NAMESPACE, Mesh
from tests.support.model_runtime import ModelRuntime
from tests.support.objects import destination_rule, dynamic_subset, route_to, virtual_service
from tests.support.waiting import eventually

HOST = "runtimes.example.com"
Start = Callable[..., ModelRuntime]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts runtimes by name, with the models that they hold."""
    with ExitStack() as stack:
        yield lambda *args: stack.enter_context(closing(ModelRuntime(*args)))


class Pool:
    """A pool of runtimes behind a gateway; requests carry the model's name in a header."""

    def __init__(self, mesh: Mesh, policy: str = "NO_FALLBACK", **settings: Any) -> None:
        self.mesh = mesh
        self.runtimes: list[ModelRuntime] = []
        self._policy = policy
        self._settings = {"interval": "100ms", "staleAfter": "1h", **settings}

    def serve(self, *runtimes: ModelRuntime) -> None:
        """Write the config of these runtimes, and start Envoy."""
        port = self.mesh.open_port()
        keys = [{"header": "x-model", "key": "model"}]
        self.mesh.config.write(
            "runtimes.yaml",
            self._entry(*runtimes),
            self._discovery(),
            destination_rule(
                HOST, NAMESPACE, load_balancer=dynamic_subset("model", policy=self._policy)
            ),
            virtual_service("runtimes", NAMESPACE, [route_to(HOST, headerToDynamicSubsetKey=keys)]),
        )
        envoy = self.mesh.start_envoy()
        envoy.wait_for_listener(port)
        self._client = self.mesh.http_client(port)

    def ask(self, model: str) -> Answer:
        return self._client.send(f"/v2/models/{model}/infer", headers={"x-model": model})

    def finds(self, model: str, runtime: ModelRuntime) -> None:
        """Wait until requests for a model go to a runtime."""
        eventually(
            lambda: self.ask(model).upstream == runtime.name,
            what=f"{model} is found at {runtime.name}",
        )

    def _entry(self, *runtimes: ModelRuntime) -> dict[str, Any]:
        return {
            "apiVersion": "networking.istio.io/v1",
            "kind": "ServiceEntry",
            "metadata": {"name": "runtimes", "namespace": NAMESPACE},
            "spec": {
                "hosts": [HOST],
                "resolution": "STATIC",
                "ports": [{"name": "http", "number": 80, "protocol": "HTTP"}],
                "endpoints": [
                    {"address": "127.0.0.1", "ports": {"http": each.port}} for each in runtimes
                ],
            },
        }

    def _discovery(self) -> dict[str, Any]:
        return {
            "apiVersion": "straightway.dev/v1alpha1",
            "kind": "ModelDiscovery",
            "metadata": {"name": "pool", "namespace": NAMESPACE},
            "spec": {"service": HOST, "api": "triton", "port": "http", **self._settings},
        }


def test_requests_go_to_the_runtime_that_says_it_holds_the_model(
    mesh: Mesh, start: Start, variant: str
) -> None:
    first, second = start("first", "iris", "shared"), start("second", "wine", "shared")
    pool = Pool(mesh)
    pool.serve(first, second)

    assert {pool.ask("iris").upstream for _ in range(20)} == {"first"}
    assert {pool.ask("wine").upstream for _ in range(20)} == {"second"}
    assert {pool.ask("shared").upstream for _ in range(40)} == {"first", "second"}
    assert pool.ask("nobody-has-this").status == 503


def test_the_api_is_found(mesh: Mesh, start: Start) -> None:
    pool = Pool(mesh, api="auto", port=None)
    runtime = start("first", "iris")
    pool.serve(runtime)

    assert pool.ask("iris").upstream == "first"


def test_a_model_that_is_loading_gets_no_request_until_it_is_ready(
    mesh: Mesh, start: Start
) -> None:
    first, second = start("first", "iris"), start("second")
    second.load("iris", state="LOADING")
    pool = Pool(mesh)
    pool.serve(first, second)

    assert {pool.ask("iris").upstream for _ in range(20)} == {"first"}
    second.load("iris")
    pool.finds("iris", second)
    assert not [path for path in second.asked if second.models["iris"] != "READY"]


def _serves(load: Load, runtime: ModelRuntime, *, only: bool = False) -> bool:
    latest = {each.upstream for each in load.answers[-20:]}
    return latest == {runtime.name} if only else runtime.name in latest


def test_models_move_under_load_without_a_failed_request(mesh: Mesh, start: Start) -> None:
    first, second = start("first", "iris"), start("second")
    pool = Pool(mesh, "ANY_ENDPOINT")
    pool.serve(first, second)

    with Load(lambda: pool.ask("iris"), rate=200) as load:
        load.wait_for_more(20)
        for holder, other in ((second, first), (first, second)) * 3:
            holder.load("iris")
            eventually(partial(_serves, load, holder), what="both serve")
            other.unload("iris")
            eventually(partial(_serves, load, holder, only=True), what="only the holder serves")

    assert load.failures == []


def test_a_runtime_that_is_away_keeps_what_it_held_and_starts_anew_when_it_is_back(
    mesh: Mesh, start: Start
) -> None:
    first, second = start("first", "iris"), start("second", "wine")
    pool = Pool(mesh)
    pool.serve(first, second)

    first.close()
    eventually(lambda: mesh.control_plane.logs("runtime stopped answering"), what="it is missed")
    assert pool.ask("iris").status == 503
    assert pool.ask("iris").upstream != "second"
    first.restart("tulip")
    pool.finds("tulip", first)
    eventually(lambda: pool.ask("iris").upstream == "", what="what it held before is gone")


def test_a_runtime_that_stays_away_holds_nothing_in_the_end(mesh: Mesh, start: Start) -> None:
    first, second = start("first", "iris"), start("second")
    pool = Pool(mesh, "ANY_ENDPOINT", staleAfter="300ms", timeout="100ms")
    pool.serve(first, second)

    first.answers.clear()
    eventually(lambda: mesh.control_plane.logs("runtime went stale"), what="it goes stale")
    first.answers.set()
    pool.finds("iris", first)


def test_a_control_plane_that_starts_takes_no_model_from_envoy(mesh: Mesh, start: Start) -> None:
    runtimes = [start(f"runtime-{number}", f"model-{number}") for number in range(4)]
    pool = Pool(mesh)
    pool.serve(*runtimes)

    with Load(lambda: pool.ask("model-2"), rate=200) as load:
        load.wait_for_more(20)
        for _ in range(2):
            mesh.control_plane.restart()
            eventually(
                lambda: mesh.control_plane.logs("config in force"), what="config is in force"
            )
            load.wait_for_more(50)

    assert load.failures == []
    assert set(load.upstreams) == {"runtime-2"}


@pytest.mark.parametrize(
    "listing",
    [b"", b"[" * 100_000, b'{"error": "no"}', b'[{"name": 7}]', b"[]" + b" " * 20_000_000],
)
def test_a_lying_runtime_harms_no_other(mesh: Mesh, start: Start, listing: bytes) -> None:
    liar, honest = start("liar", "iris"), start("honest", "wine")
    liar.listing = listing
    pool = Pool(mesh)
    pool.serve(liar, honest)

    assert pool.ask("wine").upstream == "honest"
    eventually(lambda: mesh.control_plane.logs("runtime stopped answering"), what="it is told")
    honest.load("rose")
    pool.finds("rose", honest)
    liar.listing = None
    pool.finds("iris", liar)
