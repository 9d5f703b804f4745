"""A gRPC request whose subset does not know its model leaves it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing

import grpc
import pytest

from tests.support.inference import GrpcUpstream
from tests.support.mesh import NAMESPACE, Mesh
from tests.support.objects import (
    destination_rule,
    dynamic_subset,
    route_to,
    service,
    virtual_service,
)

KEYS = [{"header": "x-model", "key": "model"}]
CODES = {"found": grpc.StatusCode.NOT_FOUND, "implemented": grpc.StatusCode.UNIMPLEMENTED}


@pytest.fixture(scope="module")
def runtimes() -> Iterator[dict[str, GrpcUpstream]]:
    """Three runtimes: two that know no model, each with a code of its own, and one that holds."""
    with ExitStack() as stack:
        made = {
            name: GrpcUpstream(f"not-{name}", holds=(), unknown=code)
            for name, code in CODES.items()
        } | {"holder": GrpcUpstream("holder", holds=("mnist",))}
        yield {name: stack.enter_context(closing(each)) for name, each in made.items()}


@pytest.fixture(scope="module")
def port(shared_mesh: Mesh, runtimes: dict[str, GrpcUpstream]) -> int:
    mesh = shared_mesh
    for name, runtime in runtimes.items():
        # Each of the wrong ones is believed to hold a model named like it.
        mesh.write_workload(runtime, {"app": "runtime", "model": name})
    mesh.config.write(
        "service.yaml",
        service("runtimes", NAMESPACE, selector={"app": "runtime"}, ports={"grpc": 8033}),
        destination_rule(
            "runtimes", NAMESPACE, load_balancer=dynamic_subset("model", policy="ANY_ENDPOINT")
        ),
        virtual_service(
            "runtimes", NAMESPACE, [route_to("runtimes", headerToDynamicSubsetKey=KEYS)]
        ),
    )
    number = mesh.open_port()
    mesh.start_envoy().wait_for_listener(number)
    return number


@pytest.mark.parametrize("believed", CODES)
def test_unknown_models_are_asked_for_elsewhere(
    shared_mesh: Mesh, port: int, believed: str
) -> None:
    client = shared_mesh.grpc_client(port)
    answers = [client.infer("mnist", 1.0, headers={"x-model": believed}) for _ in range(6)]
    assert {(answer.status, answer.upstream) for answer in answers} == {(200, "holder")}


def test_without_a_key_the_answer_of_the_runtime_stands(
    shared_mesh: Mesh, port: int, runtimes: dict[str, GrpcUpstream]
) -> None:
    client = shared_mesh.grpc_client(port)
    before = sum(each.asked for each in runtimes.values())
    answers = [client.infer("unheld", 1.0) for _ in range(6)]
    assert all(answer.error for answer in answers)
    assert sum(each.asked for each in runtimes.values()) - before == 6
