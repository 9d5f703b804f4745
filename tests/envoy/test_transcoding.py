"""gRPC and JSON through one port: both reach the runtime that holds the model."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from straightway import openinference
from tests.support.envoy import GATEWAY_LABELS
from tests.support.http import Answer
from tests.support.mesh import NAMESPACE, Mesh
from tests.support.objects import (
    destination_rule,
    dynamic_subset,
    gateway,
    gateway_service,
    route_to,
    service,
    virtual_service,
)
from tests.support.ports import free_port

SERVICE = "inference.GRPCInferenceService"
MIB = 1 << 20
HOLDERS = {"runtime-1": "tf-mnist", "runtime-2": "sklearn-mnist"}
# What each port of the gateway has.
BUILTIN, OWN_DESCRIPTOR, NOTHING = 8008, 8009, 8010


def transcoder(name: str, port: int, **spec: object) -> dict[str, Any]:
    return {
        "apiVersion": "istio.alibabacloud.com/v1beta1",
        "kind": "ASMGrpcJsonTranscoder",
        # Like an EnvoyFilter, in the namespace of the gateway's proxies.
        "metadata": {"name": name, "namespace": "istio-system"},
        "spec": {
            "workloadSelector": {"labels": GATEWAY_LABELS},
            "isGateway": True,
            "portNumber": port,
            **spec,
        },
    }


@pytest.fixture(scope="module")
def ports(shared_mesh: Mesh) -> dict[int, int]:
    """The ports of a gateway, by the numbers that its YAML says."""
    mesh = shared_mesh
    for name, model in HOLDERS.items():
        mesh.write_workload(mesh.grpc_upstream(name), {"app": "runtime", "model": model})
    keys = [{"header": "model", "key": "model"}]
    mesh.config.write(
        "runtimes.yaml",
        service("runtimes", NAMESPACE, selector={"app": "runtime"}, ports={"grpc": 8033}),
        destination_rule("runtimes", NAMESPACE, load_balancer=dynamic_subset("model")),
        virtual_service("routes", NAMESPACE, [route_to("runtimes", headerToDynamicSubsetKey=keys)]),
    )
    mesh.config.write(
        "transcoders.yaml",
        transcoder("builtin", BUILTIN, builtinProtoDescriptor="kserve_predict_v2"),
        transcoder(
            "own-descriptor",
            OWN_DESCRIPTOR,
            protoDescriptorBin=base64.b64encode(openinference.descriptor()).decode(),
            services=[SERVICE],
            convertGrpcStatus=True,
            ignoreUnknownQueryParameters=True,
            printOptions={"preserveProtoFieldNames": True, "alwaysPrintPrimitiveFields": True},
            maxResponseBodySize=2 * MIB,
        ),
    )
    ports = {number: free_port() for number in (BUILTIN, OWN_DESCRIPTOR, NOTHING)}
    mesh.config.write(
        "gateway.yaml",
        gateway("entry", NAMESPACE, selector=GATEWAY_LABELS, ports=list(ports)),
        gateway_service(ports, selector=GATEWAY_LABELS),
    )
    envoy = mesh.start_envoy()
    for port in ports.values():
        envoy.wait_for_listener(port)
    return ports


def infer(mesh: Mesh, port: int, path: str, model: str = "tf-mnist") -> Answer:
    """POST the tutorial's tensor, which every runtime answers with the sum of its values.

    `model` is the header; what the call itself is for stands in the path.
    """
    tensor = {
        "name": "predict",
        "shape": [1, 3],
        "datatype": "FP32",
        "contents": {"fp32_contents": [1.0, 2.0, 0.5]},
    }
    body = {"id": "7", "inputs": [tensor]}
    return mesh.http_client(port).send_json(path, body, model=model)


@pytest.mark.parametrize("number", [BUILTIN, OWN_DESCRIPTOR])
@pytest.mark.parametrize(("runtime", "model"), HOLDERS.items())
def test_a_json_call_reaches_the_holder_and_comes_back_as_json(
    shared_mesh: Mesh, ports: dict[int, int], number: int, runtime: str, model: str
) -> None:
    for _ in range(5):
        answer = infer(shared_mesh, ports[number], f"/v2/models/{model}/infer", model)
        assert (answer.status, answer.upstream) == (200, runtime), answer
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    names = ("model_name", "fp32_contents") if number == OWN_DESCRIPTOR else ("modelName",)
    assert body[names[0]] == model
    assert body["id"] == "7"
    [contents] = [output["contents"] for output in body["outputs"]]
    assert contents["fp32_contents" if number == OWN_DESCRIPTOR else "fp32Contents"] == [3.5]


@pytest.mark.parametrize("number", [BUILTIN, OWN_DESCRIPTOR, NOTHING])
@pytest.mark.parametrize(("runtime", "model"), HOLDERS.items())
def test_a_grpc_call_reaches_the_holder_through_the_same_port(
    shared_mesh: Mesh, ports: dict[int, int], number: int, runtime: str, model: str
) -> None:
    client = shared_mesh.grpc_client(ports[number])
    answers = [client.infer(model, 1.0, headers={"model": model}) for _ in range(5)]
    assert {(answer.error, answer.upstream) for answer in answers} == {("", runtime)}


def test_the_path_of_a_json_call_says_model_and_version(
    shared_mesh: Mesh, ports: dict[int, int]
) -> None:
    answer = infer(shared_mesh, ports[BUILTIN], "/v2/models/tf-mnist/versions/3/infer")
    assert (answer.status, answer.upstream) == (200, "runtime-1")
    assert (answer.json()["modelName"], answer.json()["modelVersion"]) == ("tf-mnist", "3")


def test_a_get_is_transcoded_too(shared_mesh: Mesh, ports: dict[int, int]) -> None:
    answer = shared_mesh.http_client(ports[BUILTIN]).send("/v2/health/ready")
    assert (answer.status, answer.json()) == (200, {"ready": True})


def test_json_is_left_alone_where_no_transcoder_stands(
    shared_mesh: Mesh, ports: dict[int, int]
) -> None:
    answer = infer(shared_mesh, ports[NOTHING], "/v2/models/tf-mnist/infer")
    assert answer.headers.get("content-type") != "application/json"


def test_json_that_is_no_call_is_refused_by_the_gateway_itself(
    shared_mesh: Mesh, ports: dict[int, int]
) -> None:
    path = "/v2/models/tf-mnist/infer"
    answer = shared_mesh.http_client(ports[BUILTIN]).send_json(path, {"inputs": 7})
    assert (answer.status, answer.upstream) == (400, "")


def test_a_call_with_an_unknown_query_parameter_is_transcoded_only_where_they_are_ignored(
    shared_mesh: Mesh, ports: dict[int, int]
) -> None:
    path = "/v2/models/tf-mnist/infer?colour=red"
    assert not infer(shared_mesh, ports[BUILTIN], path).ok
    assert infer(shared_mesh, ports[OWN_DESCRIPTOR], path).ok


@pytest.mark.parametrize("mib", [1, 64])
def test_an_answer_larger_than_a_connections_buffer_comes_back_as_json(
    shared_mesh: Mesh, ports: dict[int, int], mib: int
) -> None:
    answer = infer(shared_mesh, ports[BUILTIN], f"/v2/models/bytes-{mib * MIB}/infer")
    assert answer.status == 200, answer.error
    [output] = answer.json()["rawOutputContents"]
    assert len(base64.b64decode(output)) == mib * MIB


def test_the_largest_answer_is_the_transcoders_own_choice(
    shared_mesh: Mesh, ports: dict[int, int]
) -> None:
    path = "/v2/models/bytes-{}/infer"
    assert infer(shared_mesh, ports[OWN_DESCRIPTOR], path.format(MIB)).status == 200
    answer = infer(shared_mesh, ports[OWN_DESCRIPTOR], path.format(2 * MIB))
    assert answer.status == 500
    assert "buffer size" in answer.error


def test_a_request_larger_than_a_connections_buffer_is_transcoded(
    shared_mesh: Mesh, ports: dict[int, int]
) -> None:
    inputs = [{"name": "image", "shape": [3 * MIB], "datatype": "UINT8"}]
    body = {"inputs": inputs, "rawInputContents": [base64.b64encode(bytes(3 * MIB)).decode()]}
    client = shared_mesh.http_client(ports[BUILTIN])
    answer = client.send_json("/v2/models/tf-mnist/infer", body, model="tf-mnist")
    assert (answer.status, answer.upstream) == (200, "runtime-1"), answer.error


STATUSES = {"NOT_FOUND": (404, 5), "INVALID_ARGUMENT": (400, 3), "RESOURCE_EXHAUSTED": (429, 8)}


@pytest.mark.parametrize("status", STATUSES)
def test_a_grpc_status_becomes_an_http_status(
    shared_mesh: Mesh, ports: dict[int, int], status: str
) -> None:
    http, grpc = STATUSES[status]
    answer = infer(shared_mesh, ports[BUILTIN], f"/v2/models/{status}/infer")
    assert (answer.status, answer.body) == (http, b"")
    assert answer.headers["grpc-status"] == str(grpc)
    assert answer.headers["grpc-message"] == f"no model {status}"


@pytest.mark.parametrize("status", STATUSES)
def test_with_convert_grpc_status_the_status_is_json(
    shared_mesh: Mesh, ports: dict[int, int], status: str
) -> None:
    http, grpc = STATUSES[status]
    answer = infer(shared_mesh, ports[OWN_DESCRIPTOR], f"/v2/models/{status}/infer")
    assert answer.status == http
    assert answer.json() == {"code": grpc, "message": f"no model {status}", "details": []}


def test_a_grpc_client_gets_the_status_as_it_is(shared_mesh: Mesh, ports: dict[int, int]) -> None:
    for number in ports:
        answer = shared_mesh.grpc_client(ports[number]).infer("NOT_FOUND", 1.0)
        assert answer.error == "NOT_FOUND: no model NOT_FOUND"


def test_a_model_that_nobody_holds_is_unavailable_to_both(
    shared_mesh: Mesh, ports: dict[int, int]
) -> None:
    answer = infer(shared_mesh, ports[BUILTIN], "/v2/models/gpt/infer", "gpt")
    assert answer.status == 503
    answer = shared_mesh.grpc_client(ports[BUILTIN]).infer("gpt", 1.0, headers={"model": "gpt"})
    assert answer.error == "UNAVAILABLE: no healthy upstream"
