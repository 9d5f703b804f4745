"""Models and runtimes come and go while requests run: none fails, and each finds its model."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.envoy import EnvoyProcess
from tests.support.http import Answer
from tests.support.load import Load
from tests.support.mesh import NAMESPACE, Mesh
from tests.support.objects import (
    destination_rule,
    dynamic_subset,
    route_to,
    service,
    virtual_service,
)
from tests.support.upstreams import HttpUpstream
from tests.support.waiting import eventually

CLUSTER = "outbound|80||runtimes.default.svc.cluster.local"
IDLE = {"app": "runtime"}
HOLDER = {"app": "runtime", "model": "mnist"}
RATE = 200


@pytest.fixture
def start(mesh: Mesh, variant: str) -> Callable[..., tuple[EnvoyProcess, Callable[[], Answer]]]:
    """Starts a gateway in front of the runtimes written so far; returns it and how to ask it."""

    def start(policy: str) -> tuple[EnvoyProcess, Callable[[], Answer]]:
        port = mesh.open_port()
        keys = [{"header": "x-model", "key": "model"}]
        mesh.config.write(
            "runtimes-service.yaml",
            service("runtimes", NAMESPACE, selector={"app": "runtime"}, ports={"http": 80}),
            destination_rule(
                "runtimes", NAMESPACE, load_balancer=dynamic_subset("model", policy=policy)
            ),
            virtual_service(
                "runtimes", NAMESPACE, [route_to("runtimes", headerToDynamicSubsetKey=keys)]
            ),
        )
        envoy = mesh.start_envoy()
        envoy.wait_for_listener(port)
        client = mesh.http_client(port)
        return envoy, lambda: client.send(headers={"x-model": "mnist"})

    return start


def pushed_types(mesh: Mesh) -> list[str]:
    return [line["type"] for line in mesh.control_plane.logs("pushed")]


def wait_until_served_by(load: Load, upstream: HttpUpstream) -> None:
    eventually(
        lambda: load.answers and load.answers[-1].upstream == upstream.name,
        what=f"{upstream.name} serves",
    )


def names(answers: list[Answer]) -> set[str]:
    return {answer.upstream for answer in answers}


def test_a_model_moves_to_another_runtime_without_a_failed_request(
    mesh: Mesh, start: Callable[..., tuple[EnvoyProcess, Callable[[], Answer]]]
) -> None:
    first, second, other = (mesh.http_upstream(name) for name in ("first", "second", "other"))
    mesh.write_workload(first, HOLDER)
    mesh.write_workload(second, IDLE)
    mesh.write_workload(other, IDLE)
    _, ask = start("ANY_ENDPOINT")

    with Load(ask, rate=RATE) as load:
        before = load.wait_for_more()
        pushed_at_start = pushed_types(mesh)
        mesh.write_workload(second, HOLDER)
        eventually(lambda: load.upstreams["second"] > 10, what="both serve")
        mesh.write_workload(first, IDLE)
        eventually(lambda: names(load.answers[-30:]) == {"second"}, what="only the second serves")
        after = load.wait_for_more()

    assert load.failures == []
    assert names(before) == {"first"}
    assert names(after) == {"second"}
    # It held the model all the time, so nobody who does not was asked.
    assert load.upstreams["other"] == 0
    # Endpoints alone have changed, so nothing else is sent.
    assert set(pushed_types(mesh)[len(pushed_at_start) :]) == {"ClusterLoadAssignment"}


def test_a_model_that_moves_in_one_change_is_always_held(
    mesh: Mesh, start: Callable[..., tuple[EnvoyProcess, Callable[[], Answer]]]
) -> None:
    first, second = mesh.http_upstream("first"), mesh.http_upstream("second")

    def give_to(holder: HttpUpstream) -> None:
        mesh.config.write(
            "workloads.yaml",
            *(mesh.workload(each, HOLDER if each is holder else IDLE) for each in (first, second)),
        )

    give_to(first)
    _, ask = start("NO_FALLBACK")

    with Load(ask, rate=RATE) as load:
        load.wait_for_more(10)
        for holder in (second, first) * 10:
            give_to(holder)
            wait_until_served_by(load, holder)

    assert load.failures == []


def test_a_runtime_joins_and_leaves_without_a_failed_request(
    mesh: Mesh, start: Callable[..., tuple[EnvoyProcess, Callable[[], Answer]]]
) -> None:
    first, second = mesh.http_upstream("first"), mesh.http_upstream("second")
    mesh.write_workload(first, HOLDER)
    envoy, ask = start("NO_FALLBACK")

    with Load(ask, rate=RATE) as load:
        load.wait_for_more()
        mesh.write_workload(second, HOLDER)
        eventually(lambda: load.upstreams["second"] > 10, what="the new runtime serves")
        mesh.config.remove("first.yaml")
        envoy.wait_for_endpoints(CLUSTER, second.port)
        eventually(lambda: names(load.answers[-30:]) == {"second"}, what="the old one is left")
        first.close()
        after = load.wait_for_more()

    assert load.failures == []
    assert names(after) == {"second"}
