"""What a request gets whose model is held by a runtime that fails, and that stays in its subset.

`docs/dynamic-subsets.md` says so: a subset of endpoints that fail is found, so no fallback policy
applies to it. `test_leaving_subsets.py` is about requests that leave it.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from tests.support.http import Answer
from tests.support.mesh import NAMESPACE, Mesh
from tests.support.objects import (
    destination_rule,
    dynamic_subset,
    route_to,
    service,
    virtual_service,
    workload_entry,
)
from tests.support.ports import free_port
from tests.support.waiting import eventually

KEYS = [{"header": "x-model", "key": "model"}]
EJECT = {"consecutive5xxErrors": 1, "baseEjectionTime": "300s", "maxEjectionPercent": 100}
# Each service has all runtimes; what differs is its outlierDetection.
SERVICES: dict[str, dict[str, Any]] = {
    "plain": {},
    "ejecting": {"outlierDetection": EJECT},
    "small-pool": {"outlierDetection": {**EJECT, "maxEjectionPercent": 10}},
    "panicking": {"outlierDetection": {**EJECT, "minHealthPercent": 50}},
}
QUICK: dict[str, Any] = {
    "retries": {"attempts": 1, "perTryTimeout": "200ms", "retryOn": "connect-failure,5xx"},
    "timeout": "10s",
}
NEVER = {"attempts": 0}
ONCE: dict[str, Any] = {"retries": {"attempts": 0}, "timeout": "200ms"}


@pytest.fixture(scope="module")
def hung() -> Iterator[int]:
    """The port of a runtime that takes connections and answers nothing."""
    with closing(socket.create_server(("127.0.0.1", 0), backlog=64)) as server:
        yield int(server.getsockname()[1])


@pytest.fixture(scope="module")
def port(shared_mesh: Mesh, hung: int) -> int:
    """The port of a gateway that finds the service and the route in the path."""
    mesh = shared_mesh
    ports = {
        "broken": mesh.http_upstream("broken", 503).port,
        "dead": free_port(),
        "hung": hung,
        "spare": mesh.http_upstream("spare").port,
    }
    held = {"broken": "model-broken", "dead": "model-dead", "hung": "model-hung"}
    for name, number in ports.items():
        labels = {"app": "runtime", "model": held.get(name, "other")}
        both = {"model": "model-shared"} if name in ("hung", "spare") else {}
        entry = workload_entry(
            name, NAMESPACE, labels=labels, ports={"http": number}, annotations=both
        )
        mesh.config.write(f"{name}.yaml", entry)
    for name, policy in SERVICES.items():
        mesh.config.write(
            f"service-{name}.yaml",
            service(name, NAMESPACE, selector={"app": "runtime"}, ports={"http": 80}),
            destination_rule(
                name,
                NAMESPACE,
                load_balancer=dynamic_subset("model", policy="ANY_ENDPOINT", retries=NEVER),
                **policy,
            ),
        )
    routes = [
        route_to(
            name,
            match=[{"uri": {"prefix": f"/{name}/{kind}/"}}],
            headerToDynamicSubsetKey=KEYS,
            **fields,
        )
        for name in SERVICES
        for kind, fields in (("default", {}), ("quick", QUICK), ("once", ONCE))
    ]
    mesh.config.write("routes.yaml", virtual_service("routes", NAMESPACE, routes))
    number = mesh.open_port()
    mesh.start_envoy().wait_for_listener(number)
    return number


def ask(mesh: Mesh, port: int, path: str, model: str) -> Answer:
    return mesh.http_client(port).send(f"/{path}/", headers={"x-model": model})


def test_the_only_holder_is_dead(shared_mesh: Mesh, port: int) -> None:
    answer = ask(shared_mesh, port, "plain/default", "model-dead")
    assert (answer.status, answer.upstream) == (503, "")


def test_the_only_holder_hangs_and_each_try_waits_for_its_timeout(
    shared_mesh: Mesh, port: int
) -> None:
    answer = ask(shared_mesh, port, "plain/quick", "model-hung")
    assert answer.status == 504
    assert answer.seconds >= 0.4


def test_another_holder_takes_over_where_tries_are_limited_and_retried(
    shared_mesh: Mesh, port: int
) -> None:
    answers = [ask(shared_mesh, port, "plain/quick", "model-shared") for _ in range(6)]
    assert {(answer.status, answer.upstream) for answer in answers} == {(200, "spare")}


def test_the_only_holder_is_ejected(shared_mesh: Mesh, port: int) -> None:
    def ejected() -> bool:
        answer = ask(shared_mesh, port, "ejecting/once", "model-broken")
        assert answer.status == 503
        return answer.upstream == ""

    eventually(ejected, what="the holder to be ejected")


@pytest.mark.parametrize("name", ["small-pool", "panicking"])
def test_the_only_holder_is_still_asked_where_it_is_not_ejected_or_all_are(
    shared_mesh: Mesh, port: int, name: str
) -> None:
    answers = [ask(shared_mesh, port, f"{name}/once", "model-broken") for _ in range(8)]
    assert {(answer.status, answer.upstream) for answer in answers} == {(503, "broken")}


def test_a_holder_that_the_catalog_lets_go_is_replaced_by_any(shared_mesh: Mesh, port: int) -> None:
    mesh = shared_mesh
    mesh.config.remove("dead.yaml")

    def served() -> bool:
        return ask(mesh, port, "plain/quick", "model-dead").upstream == "spare"

    eventually(served, what="any runtime to serve the model")
