"""The tutorial without its header: the model's name comes from wherever the request has it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.envoy import GATEWAY_LABELS
from tests.support.mesh import Mesh
from tests.support.objects import gateway_service, workload_entry
from tests.support.ports import free_port

TUTORIAL = Path(__file__).parents[2] / "demo" / "config"
NAMESPACE = "modelmesh-serving"
KEY = "modelmesh.asm.alibabacloud.com"
NODE = f"router~10.0.0.2~gateway-1.{NAMESPACE}~{NAMESPACE}.svc.cluster.local"
HOLDERS = {"runtime-1": ["tf-mnist"], "runtime-2": ["sklearn-mnist", "org/bert"]}
RULES = {
    "key": KEY,
    "preset": "open-inference",
    "from": [{"query": "model"}, {"cookie": "model"}, {"body": "parameters.model.string_param"}],
}
CALL = {
    "inputs": [
        {"name": "a", "shape": [1, 1], "datatype": "FP32", "contents": {"fp32_contents": [1]}}
    ]
}


def without_header(text: str) -> list[dict[str, Any]]:
    """The objects of one of the tutorial's files, the key no longer taken from a header."""
    found = list(yaml.safe_load_all(text))
    for each in found:
        for route in each["spec"].get("http", ()) if each["kind"] == "VirtualService" else ():
            del route["headerToDynamicSubsetKey"]
            route["dynamicSubsetKeys"] = [RULES]
        if each["kind"] == "ASMGrpcJsonTranscoder":
            # It refuses parameters that no message has.
            each["spec"]["ignoredQueryParameters"] = ["model"]
    return found


@pytest.fixture(scope="module")
def port(shared_mesh: Mesh) -> int:
    mesh, port = shared_mesh, free_port()
    for file in TUTORIAL.glob("*.yaml"):
        mesh.config.write(file.name, *without_header(file.read_text()))
    mesh.config.write(
        "gateway-service.yaml",
        gateway_service({8008: port}, selector=GATEWAY_LABELS, namespace=NAMESPACE),
    )
    for name, models in HOLDERS.items():
        labels = {"app": "modelmesh-serving"}
        mesh.config.write(
            f"{name}.yaml",
            workload_entry(
                name,
                NAMESPACE,
                labels=labels,
                ports={"grpc": mesh.grpc_upstream(name).port},
                annotations={KEY: ",".join(models)},
            ),
        )
    mesh.start_envoy(NODE).wait_for_listener(port)
    return port


CASES = [(model, runtime) for runtime, models in HOLDERS.items() for model in models]


@pytest.mark.parametrize(("model", "runtime"), CASES)
def test_a_grpc_call_goes_where_its_message_belongs(
    shared_mesh: Mesh, port: int, model: str, runtime: str
) -> None:
    client = shared_mesh.grpc_client(port)

    answers = [client.infer(model, 1.0) for _ in range(6)]

    assert {(each.error, each.upstream) for each in answers} == {("", runtime)}


@pytest.mark.parametrize(
    ("path", "cookie", "named"),
    [
        ("/v2/models/{}/infer", "", None),
        ("/v2/models/{}/versions/1/infer", "", None),
        ("/v2/models/unheld/infer?model={}", "", None),
        ("/v2/models/unheld/infer", "model={}", None),
        ("/v2/models/unheld/infer", "", "parameters"),
    ],
)
@pytest.mark.parametrize(("model", "runtime"), CASES)
def test_json_goes_where_it_belongs(
    shared_mesh: Mesh,
    port: int,
    model: str,
    runtime: str,
    path: str,
    cookie: str,
    named: str | None,
) -> None:
    client = shared_mesh.http_client(port)
    parameters = {named: {"model": {"string_param": model}}} if named else {}
    # The transcoder's template takes one segment, as Triton's own path does.
    written = path.format(model.replace("/", "%2F"))

    answers = [
        client.send_json(written, {**CALL, **parameters}, cookie=cookie.format(model))
        for _ in range(6)
    ]

    assert {(each.status, each.upstream) for each in answers} == {(200, runtime)}, answers[0]
