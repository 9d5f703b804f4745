"""Models move and runtimes stop while requests run: each is answered, and by one runtime."""

from __future__ import annotations

import itertools
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

import pytest

from tests.support.counting_runtime import CountingRuntime
from tests.support.http import Answer
from tests.support.load import Load
from tests.support.mesh import NAMESPACE, Mesh
from tests.support.objects import (
    destination_rule,
    dynamic_subset,
    route_to,
    service,
    virtual_service,
    workload_entry,
)
from tests.support.waiting import eventually

pytestmark = pytest.mark.long

NAMES = ("a", "b", "c", "d")
MODEL = "mnist"
ROUNDS = 8


@pytest.fixture
def runtimes() -> Iterator[dict[str, CountingRuntime]]:
    with ExitStack() as stack:
        yield {name: stack.enter_context(closing(CountingRuntime(name))) for name in NAMES}


def believe(mesh: Mesh, runtime: CountingRuntime, *models: str) -> None:
    """Have the control plane take a runtime for the holder of some models."""
    labels = {"app": "runtime", **{f"model/{model}": "true" for model in models}}
    entry = workload_entry(runtime.name, NAMESPACE, labels=labels, ports={"http": runtime.port})
    mesh.config.write(f"{runtime.name}.yaml", entry)


@pytest.fixture
def ask(mesh: Mesh, runtimes: dict[str, CountingRuntime], variant: str) -> Callable[[], Answer]:
    """Sends a request for the model, with a body, through a gateway over all runtimes."""
    for runtime in runtimes.values():
        believe(mesh, runtime)
    port = mesh.open_port()
    mesh.config.write(
        "service.yaml",
        service("runtimes", NAMESPACE, selector={"app": "runtime"}, ports={"http": 80}),
        destination_rule(
            "runtimes", NAMESPACE, load_balancer=dynamic_subset("model", policy="ANY_ENDPOINT")
        ),
        virtual_service(
            "runtimes",
            NAMESPACE,
            [
                route_to(
                    "runtimes", headerToDynamicSubsetKey=[{"header": "x-model", "key": "model"}]
                )
            ],
        ),
    )
    mesh.start_envoy().wait_for_listener(port)
    client, numbers = mesh.http_client(port), itertools.count(1)

    def ask() -> Answer:
        headers = {"x-model": MODEL, "x-request-number": str(next(numbers))}
        return client.send(method="POST", headers=headers, body=b"x" * 5000)

    return ask


def assert_each_was_answered_once(load: Load, runtimes: dict[str, CountingRuntime]) -> None:
    assert load.failures == []
    together = sum((each.worked_on for each in runtimes.values()), Counter[str]())
    assert set(together.values()) == {1}
    assert len(together) == len(load.answers)


def wait_until_asked(runtime: CountingRuntime) -> None:
    """Wait until a runtime gets requests for the model."""
    before = runtime.asked[MODEL]
    eventually(lambda: runtime.asked[MODEL] >= before + 5, what=f"{runtime.name} is asked")


def test_a_model_moves_and_the_control_plane_learns_it_later(
    mesh: Mesh, runtimes: dict[str, CountingRuntime], ask: Callable[[], Answer]
) -> None:
    runtimes["a"].models.add(MODEL)
    with Load(ask, rate=300) as load:
        for old, new in itertools.islice(itertools.pairwise(itertools.cycle(NAMES)), ROUNDS):
            # One moment there are two, and at none there is none.
            runtimes[new].models.add(MODEL)
            runtimes[old].models.discard(MODEL)
            load.wait_for_more(20)
            believe(mesh, runtimes[new], MODEL)
            believe(mesh, runtimes[old])
            wait_until_asked(runtimes[new])

    assert_each_was_answered_once(load, runtimes)


def test_holders_stop_as_planned_and_the_control_plane_learns_it_later(
    mesh: Mesh, runtimes: dict[str, CountingRuntime], ask: Callable[[], Answer]
) -> None:
    for runtime in runtimes.values():
        runtime.models.add(MODEL)
    believe(mesh, runtimes["a"], MODEL)
    # A connection that waits to be accepted would be reset, and its request was sent.
    between_requests = threading.Lock()

    def ask_then() -> Answer:
        with between_requests:
            return ask()

    with Load(ask_then, rate=300) as load:
        for old, new in itertools.pairwise(NAMES):
            with between_requests:
                runtimes[old].drain()
            load.wait_for_more(100)
            believe(mesh, runtimes[new], MODEL)
            load.wait_for_more(20)
            mesh.config.remove(f"{old}.yaml")

    assert_each_was_answered_once(load, runtimes)
