"""A runtime says which models it holds in three ways, and all that it says counts."""

from __future__ import annotations

import pytest

from tests.support.http import HttpClient
from tests.support.mesh import NAMESPACE, Mesh
from tests.support.objects import (
    destination_rule,
    dynamic_subset,
    route_to,
    service,
    virtual_service,
)

# The tutorial's key: its domain-like form is what Kubernetes allows before a slash.
KEY = "modelmesh.asm.alibabacloud.com"
LABELS = {
    "one-label": {KEY: "mnist"},
    "true-labels": {f"{KEY}/bert": "true", f"{KEY}/llama": "true", f"{KEY}/unloaded": "false"},
    "all-three": {KEY: "alpha", f"{KEY}/beta": "true", f"{KEY}/shared": "true"},
}
ANNOTATIONS = {
    "comma-list": {KEY: "resnet, yolo,shared"},
    "json-list": {KEY: '["gpt", "a model, with a comma"]'},
    "all-three": {KEY: "gamma,delta,alpha"},
}
HELD = {
    "one-label": ["mnist"],
    "true-labels": ["bert", "llama"],
    "comma-list": ["resnet", "yolo"],
    "json-list": ["gpt", "a model, with a comma"],
    "all-three": ["alpha", "beta", "gamma", "delta"],
}


@pytest.fixture(scope="module")
def client(shared_mesh: Mesh) -> HttpClient:
    """A client of a gateway before a runtime for each way to say it."""
    mesh = shared_mesh
    port = mesh.open_port()
    for name in HELD:
        labels = {"app": "runtime", **LABELS.get(name, {})}
        mesh.write_workload(mesh.http_upstream(name), labels, annotations=ANNOTATIONS.get(name))
    # What nobody holds is refused, so that no answer is by chance.
    balancer = {"simple": "ROUND_ROBIN", **dynamic_subset(KEY, policy="NO_FALLBACK")}
    routes = [route_to("runtimes", headerToDynamicSubsetKey=[{"header": "model", "key": KEY}])]
    mesh.config.write(
        "runtimes.yaml",
        service("runtimes", NAMESPACE, selector={"app": "runtime"}, ports={"http": 80}),
        destination_rule("runtimes", NAMESPACE, load_balancer=balancer),
        virtual_service("routes", NAMESPACE, routes),
    )
    mesh.start_envoy().wait_for_listener(port)
    return mesh.http_client(port)


def served_by(client: HttpClient, model: str) -> set[str]:
    answers = [client.send(headers={"model": model}) for _ in range(6)]
    assert {answer.status for answer in answers} == {200}, answers[0]
    return {answer.upstream for answer in answers}


@pytest.mark.parametrize(("runtime", "models"), HELD.items(), ids=HELD)
def test_each_model_that_a_runtime_lists_is_served_by_it(
    client: HttpClient, runtime: str, models: list[str]
) -> None:
    for model in models:
        assert served_by(client, model) == {runtime}, model


def test_a_model_that_two_runtimes_list_in_two_ways_is_served_by_both(client: HttpClient) -> None:
    assert served_by(client, "shared") == {"comma-list", "all-three"}


@pytest.mark.parametrize("model", ["unloaded", "false", "true", "resnet, yolo,shared", "unheld"])
def test_a_model_that_nobody_lists_is_served_by_nobody(client: HttpClient, model: str) -> None:
    assert client.send(headers={"model": model}).status == 503
