"""A gateway whose answers say which value a request had for each subset key.

Every host has routes with `dynamicSubsetKeys` of its own. A request goes to one of a few runtimes,
by its key `model` if one of them holds that, else to any.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from google.protobuf.message import Message

from straightway.openinference import open_inference_pb2 as messages
from tests.support.http import Answer, HttpClient
from tests.support.mesh import NAMESPACE, Mesh
from tests.support.objects import (
    destination_rule,
    dynamic_subset,
    route_to,
    service,
    virtual_service,
)
from tests.support.request_keys import Entry, Request

INFER = "/inference.GRPCInferenceService/ModelInfer"
ABOUT = "/inference.GRPCInferenceService/ModelMetadata"
KEYS = ("model", "stage")


class KeyGateway:
    """The gateway; `holdings` are the models of each runtime."""

    def __init__(self, mesh: Mesh, holdings: Mapping[str, Iterable[str]]) -> None:
        self.mesh = mesh
        self.port = mesh.open_port()
        for name, models in holdings.items():
            lists = {"model": json.dumps(list(models))}
            mesh.write_workload(mesh.http_upstream(name), {"app": "runtime"}, annotations=lists)
        selectors = dynamic_subset("model", policy="ANY_ENDPOINT")
        stage = {"keys": ["stage"], "fallbackPolicy": "ANY_ENDPOINT"}
        selectors["dynamicSubset"]["subsetSelectors"].append(stage)
        mesh.config.write(
            "runtimes.yaml",
            service("runtimes", NAMESPACE, selector={"app": "runtime"}, ports={"http": 80}),
            destination_rule("runtimes", NAMESPACE, load_balancer=selectors),
        )

    def write(self, host: str, keys: Sequence[Entry], **fields: Any) -> None:
        """Write the rules of a host."""
        found = {f"x-{key}": f"%DYNAMIC_METADATA(envoy.lb:{key})%" for key in KEYS}
        route = route_to(
            "runtimes",
            dynamicSubsetKeys=[dict(each) for each in keys],
            headers={"response": {"set": found}},
            **fields,
        )
        rules = virtual_service(host.partition(".")[0], NAMESPACE, [route], hosts=[host])
        self.mesh.config.write(f"{host}.yaml", rules)

    def start(self) -> HttpClient:
        """Start Envoy and return a client of it."""
        envoy = self.mesh.start_envoy()
        envoy.wait_for_listener(self.port)
        return self.mesh.http_client(self.port)


def found_in(answer: Answer) -> dict[str, str]:
    """Return the values that a request had: key → value."""
    assert answer.status == 200, answer
    values = {key: answer.headers.get(f"x-{key}", "-") for key in KEYS}
    return {
        key: value.encode("latin-1").decode(errors="replace")
        for key, value in values.items()
        if value not in ("-", "")
    }


def send(client: HttpClient, host: str, request: Request) -> Answer:
    """Send a request to a host: by GET without a body."""
    headers = {"host": host, **request.headers}
    if request.fields is not None:
        headers["content-type"] = "application/grpc"
        body = framed(request.path, request.fields)
        return client.send(request.path, method="POST", headers=headers, body=body)
    if not request.body:
        return client.send(request.path, headers=headers)
    return client.send(request.path, method="POST", headers=headers, body=request.body.encode())


def framed(path: str, fields: Mapping[str, str]) -> bytes:
    """Return the body of a gRPC call: a message behind its length."""
    kind = messages.ModelInferRequest if path == INFER else messages.ModelMetadataRequest
    request: Message = kind()
    for name, value in fields.items():
        setattr(request, name, value)
    message = request.SerializeToString()
    return b"\0" + len(message).to_bytes(4, "big") + message
