"""What a request gets whose model no runtime has: an answer that says so, or a loader's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import Any

import pytest

from tests.support.counting_runtime import CountingRuntime
from tests.support.http import Answer
from tests.support.inference import GrpcUpstream
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
FORMS = ("openai", "open-inference", "kserve-v1")
ODD = 'no "such" \\ model'
RULES: dict[str, dict[str, Any]] = {
    # What older proxies do makes no difference.
    form: {"missing": {"answer": form}, "policy": policy}
    for form, policy in zip(FORMS, ("ANY_ENDPOINT", "NO_FALLBACK", None), strict=True)
} | {
    "loaded": {"policy": "ANY_ENDPOINT", "missing": {"loader": {"host": "loader"}}},
    "unloaded": {"missing": {"loader": {"host": "loader"}}, "retries": {"attempts": 0}},
    "silent": {},
}


@pytest.fixture(scope="module")
def runtimes() -> Iterator[dict[str, CountingRuntime]]:
    with ExitStack() as stack:
        made = {
            "holder": CountingRuntime("holder", "mnist"),
            "other": CountingRuntime("other"),
            "loader": CountingRuntime("loader", "mnist", "dead", "moved", "new", ""),
        }
        yield {name: stack.enter_context(closing(each)) for name, each in made.items()}


@pytest.fixture(scope="module")
def port(shared_mesh: Mesh, runtimes: dict[str, CountingRuntime]) -> int:
    mesh = shared_mesh

    def write(name: str, app: str, port: int, *models: str) -> None:
        labels = {"app": app, **{f"model/{model}": "true" for model in models}}
        entry = workload_entry(name, NAMESPACE, labels=labels, ports={"http": port})
        mesh.config.write(f"{name}.yaml", entry)

    write("holder", "runtime", runtimes["holder"].port, "mnist", "moved")
    write("other", "runtime", runtimes["other"].port)
    write("dead", "runtime", free_port(), "dead")
    write("loader", "loader", runtimes["loader"].port)
    mesh.config.write(
        "loader-service.yaml",
        service("loader", NAMESPACE, selector={"app": "loader"}, ports={"http": 80}),
    )
    for name, fields in RULES.items():
        mesh.config.write(
            f"service-{name}.yaml",
            service(name, NAMESPACE, selector={"app": "runtime"}, ports={"http": 80}),
            destination_rule(name, NAMESPACE, load_balancer=dynamic_subset("model", **fields)),
        )
    routes = [
        route_to(name, match=[{"uri": {"prefix": f"/{name}/"}}], headerToDynamicSubsetKey=KEYS)
        for name in RULES
    ]
    mesh.config.write("routes.yaml", virtual_service("routes", NAMESPACE, routes))
    number = mesh.open_port()
    mesh.start_envoy().wait_for_listener(number)
    return number


def ask(mesh: Mesh, port: int, rule: str, model: str | None) -> Answer:
    headers = {"x-model": model} if model is not None else {}
    return mesh.http_client(port).send(f"/{rule}/", method="POST", headers=headers, body=b"x")


@pytest.mark.parametrize("form", FORMS)
def test_envoy_answers_in_the_form_of_the_api_and_names_the_model(
    shared_mesh: Mesh, port: int, form: str
) -> None:
    answer = ask(shared_mesh, port, form, ODD)
    assert (answer.status, answer.upstream) == (404, "")
    assert answer.headers["content-type"] == "application/json"
    error = json.loads(answer.body)["error"]
    if form == "openai":
        assert (error["code"], error["param"]) == ("model_not_found", "model")
        error = error["message"]
    assert ODD in error


@pytest.mark.parametrize("rule", RULES)
def test_a_model_that_is_held_is_served(shared_mesh: Mesh, port: int, rule: str) -> None:
    answer = ask(shared_mesh, port, rule, "mnist")
    assert (answer.status, answer.upstream) == (200, "holder")


@pytest.mark.parametrize("form", FORMS)
def test_a_holder_that_cannot_be_reached_is_not_taken_for_none(
    shared_mesh: Mesh, port: int, form: str
) -> None:
    assert ask(shared_mesh, port, form, "dead").status == 503


def test_without_onmissing_the_answer_is_envoys_own(shared_mesh: Mesh, port: int) -> None:
    answer = ask(shared_mesh, port, "silent", ODD)
    assert (answer.status, answer.body) == (503, b"no healthy upstream")


def test_a_loader_gets_requests_for_what_nobody_has(shared_mesh: Mesh, port: int) -> None:
    for rule in ("loaded", "unloaded"):
        answer = ask(shared_mesh, port, rule, "new")
        assert (answer.status, answer.upstream) == (200, "loader"), rule


@pytest.mark.parametrize("model", ["dead", "moved"])
def test_and_for_what_its_believed_holder_does_not_serve(
    shared_mesh: Mesh, port: int, runtimes: dict[str, CountingRuntime], model: str
) -> None:
    answer = ask(shared_mesh, port, "loaded", model)
    assert (answer.status, answer.upstream) == (200, "loader")
    assert runtimes["other"].asked[model] == 0


def test_but_not_where_requests_are_never_tried_again(shared_mesh: Mesh, port: int) -> None:
    assert ask(shared_mesh, port, "unloaded", "moved").status == 404


def test_requests_without_a_model_stay_with_the_runtimes(shared_mesh: Mesh, port: int) -> None:
    def served() -> set[str]:
        return {ask(shared_mesh, port, "loaded", None).upstream for _ in range(8)}

    eventually(lambda: served() == {"holder", "other"}, what="both runtimes to answer")


def test_a_grpc_call_gets_a_status(mesh: Mesh) -> None:
    held = mesh.grpc_upstream("held")
    mesh.write_workload(held, {"app": "runtime", "model": "mnist"})
    mesh.config.write(
        "service.yaml",
        service("runtimes", NAMESPACE, selector={"app": "runtime"}, ports={"grpc": 8033}),
        destination_rule(
            "runtimes",
            NAMESPACE,
            load_balancer=dynamic_subset("model", missing={"answer": "open-inference"}),
        ),
        virtual_service(
            "runtimes", NAMESPACE, [route_to("runtimes", headerToDynamicSubsetKey=KEYS)]
        ),
    )
    port = mesh.open_port()
    mesh.start_envoy().wait_for_listener(port)
    client = mesh.grpc_client(port)

    assert client.infer("mnist", 1.0, headers={"x-model": "mnist"}).status == 200
    answer = client.infer("bert", 1.0, headers={"x-model": "bert"})
    assert answer.error == "NOT_FOUND: no healthy runtime holds the model bert"
    assert isinstance(held, GrpcUpstream)
