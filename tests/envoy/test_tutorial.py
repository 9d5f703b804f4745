"""The tutorial's YAML, unchanged: the header `model` leads to a runtime that holds the model."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.envoy import GATEWAY_LABELS
from tests.support.inference import GrpcClient
from tests.support.mesh import Mesh
from tests.support.objects import gateway_service, workload_entry
from tests.support.ports import free_port

TUTORIAL = Path(__file__).parents[2] / "demo" / "config"
NAMESPACE = "modelmesh-serving"
KEY = "modelmesh.asm.alibabacloud.com"
CLUSTER = "outbound|8033||modelmesh-serving.modelmesh-serving.svc.cluster.local"
# The gateway stands in the models' namespace; the Gateway itself does not care.
NODE = f"router~10.0.0.2~gateway-1.{NAMESPACE}~{NAMESPACE}.svc.cluster.local"
HOLDERS = {
    "runtime-1": ["tf-mnist"],
    "runtime-2": ["sklearn-mnist", "bert"],
    "runtime-3": ["bert"],
}


def write_runtimes(mesh: Mesh) -> list[int]:
    """Start the runtimes and write their WorkloadEntries; return their ports."""
    ports = []
    for name, models in HOLDERS.items():
        upstream = mesh.grpc_upstream(name)
        ports.append(upstream.port)
        labels = {"app": "modelmesh-serving"} | {f"{KEY}/{model}": "true" for model in models}
        entry = workload_entry(name, NAMESPACE, labels=labels, ports={"grpc": upstream.port})
        mesh.config.write(f"{name}.yaml", entry)
    return ports


@pytest.fixture
def port(mesh: Mesh, variant: str) -> int:
    """The port of a gateway that has the tutorial's config; the YAML says 8008."""
    port = free_port()
    for file in TUTORIAL.glob("*.yaml"):
        mesh.config.write(file.name, file.read_text())
    mesh.config.write(
        "gateway-service.yaml",
        gateway_service({8008: port}, selector=GATEWAY_LABELS, namespace=NAMESPACE),
    )
    runtimes = write_runtimes(mesh)
    envoy = mesh.start_envoy(NODE)
    envoy.wait_for_endpoints(CLUSTER, *runtimes)
    envoy.wait_for_listener(port)
    return port


def served_by(client: GrpcClient, model: str, headers: dict[str, str]) -> set[str]:
    answers = [client.infer(model, 1.0, headers=headers) for _ in range(30)]
    assert not any(answer.error for answer in answers), answers[0]
    return {answer.upstream for answer in answers}


def test_each_request_goes_to_a_runtime_that_holds_its_model(mesh: Mesh, port: int) -> None:
    client = mesh.grpc_client(port)

    assert served_by(client, "tf-mnist", {"model": "tf-mnist"}) == {"runtime-1"}
    assert served_by(client, "sklearn-mnist", {"model": "sklearn-mnist"}) == {"runtime-2"}
    assert served_by(client, "bert", {"model": "bert"}) == {"runtime-2", "runtime-3"}
    # ANY_ENDPOINT: the mesh itself loads it, or knows better.
    assert served_by(client, "gpt", {"model": "gpt"}) <= HOLDERS.keys()
    assert served_by(client, "tf-mnist", {}) <= HOLDERS.keys()
    # The tutorial's call: JSON over HTTP, through the same port.
    call = {
        "inputs": [
            {
                "name": "input",
                "shape": [1, 2],
                "datatype": "FP32",
                "contents": {"fp32_contents": [1.5, 2.5]},
            }
        ]
    }
    answers = [
        mesh.http_client(port).send_json("/v2/models/tf-mnist/infer", call, model="tf-mnist")
        for _ in range(5)
    ]
    assert {(answer.status, answer.upstream) for answer in answers} == {(200, "runtime-1")}
    assert answers[0].json()["outputs"][0]["contents"] == {"fp32Contents": [4]}
