"""README's first example works as it stands, with no label and no header that names a model."""

from __future__ import annotations

import re
from contextlib import closing
from pathlib import Path

from tests.support.envoy import GATEWAY_LABELS
from tests.support.mesh import Mesh
from tests.support.model_runtime import ModelRuntime
from tests.support.objects import gateway, gateway_service, service
from tests.support.ports import free_port
from tests.support.waiting import eventually

README = Path(__file__).parents[2] / "README.md"
NAMESPACE = "models"


def first_example() -> str:
    found = re.search(r"^```yaml\n(.*?)^```$", README.read_text(), re.MULTILINE | re.DOTALL)
    assert found
    return found[1]


def runtime_entry(runtime: ModelRuntime) -> dict[str, object]:
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "WorkloadEntry",
        "metadata": {"name": runtime.name, "namespace": NAMESPACE},
        "spec": {
            "address": "127.0.0.1",
            "ports": {"http": runtime.port},
            "labels": {"app": "runtimes"},
        },
    }


def test_it_names_no_label_and_no_header():
    assert not re.search("label|header", first_example(), re.IGNORECASE)


def test_requests_go_where_their_model_was_loaded(mesh: Mesh):
    with closing(ModelRuntime("a", "iris")) as a, closing(ModelRuntime("b", "wine")) as b:
        port = free_port()
        mesh.config.write(
            "what-you-have.yaml",
            gateway("gateway", NAMESPACE, selector=GATEWAY_LABELS, ports=[8080]),
            gateway_service({8080: port}, selector=GATEWAY_LABELS),
            service("runtimes", NAMESPACE, selector={"app": "runtimes"}, ports={"http": 8000}),
            runtime_entry(a),
            runtime_entry(b),
        )
        mesh.config.write("what-you-write.yaml", first_example())
        mesh.start_envoy().wait_for_listener(port)
        client = mesh.http_client(port)

        def asked(model: str) -> set[str]:
            return {client.send(f"/v2/models/{model}/infer").upstream for _ in range(10)}

        assert asked("iris") == {"a"}
        assert asked("wine") == {"b"}
        b.load("iris")
        eventually(lambda: asked("iris") == {"a", "b"}, what="requests go to both")
        a.unload("iris")
        eventually(lambda: asked("iris") == {"b"}, what="requests go to the new holder")
        assert {path for path in a.asked if "wine" in path} == set()
