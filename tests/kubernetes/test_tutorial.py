"""The tutorial in a cluster: its YAML applied with kubectl, its runtimes Pods, a real Envoy.

The tests share one cluster, control plane and Envoy, and each leaves them as it found them.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.cut_proxy import CutProxy
from tests.support.envoy import GATEWAY_LABELS, EnvoyProcess
from tests.support.host_address import host_address
from tests.support.http import Answer
from tests.support.inference import GrpcClient
from tests.support.kube import KubeServer
from tests.support.kube_binaries import need, program
from tests.support.kubelet import running
from tests.support.load import Load
from tests.support.mesh import Mesh
from tests.support.objects import gateway_service
from tests.support.ports import free_port
from tests.support.tutorial import documents, tutorial_slice
from tests.support.waiting import eventually

Json = dict[str, Any]

ROOT = Path(__file__).parents[2]
NAMESPACE = "modelmesh-serving"
KEY = "modelmesh.asm.alibabacloud.com"
CLUSTER = "outbound|8033||modelmesh-serving.modelmesh-serving.svc.cluster.local"
NODE = f"router~10.0.0.2~gateway-1.{NAMESPACE}~{NAMESPACE}.svc.cluster.local"
HOLDERS = {
    "runtime-1": ["tf-mnist"],
    "runtime-2": ["sklearn-mnist", "bert"],
    "runtime-3": ["bert"],
}
RATE = 100
AWAY_SECONDS = 60 if os.environ.get("STRAIGHTWAY_SLOW") else 3
"""How long the API server is away. After three seconds, every watch has failed and waits."""


def pod(name: str, port: int, models: list[str]) -> Json:
    labels = {"app": "modelmesh-serving"} | {f"{KEY}/{model}": "true" for model in models}
    ports = [{"name": "grpc", "containerPort": port}]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": NAMESPACE, "labels": labels},
        "spec": {"containers": [{"name": "main", "image": "example/runtime", "ports": ports}]},
    }


@dataclass
class Tutorial:
    kube: KubeServer
    proxy: CutProxy
    mesh: Mesh
    envoy: EnvoyProcess
    port: int
    ports: dict[str, int]

    def hold(self, name: str, *models: str) -> None:
        """Say with a Pod's labels which models it holds now."""
        self.kube.apply(pod(name, self.ports[name], list(models)))


@pytest.fixture(scope="module")
def tutorial(
    module_kube: KubeServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Tutorial]:
    need("kubectl")
    address, folder = host_address(), tmp_path_factory.mktemp("mesh")
    module_kube.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
    kubectl(module_kube, "apply", "--server-side", "-f", "deploy/crds")
    kubectl(module_kube, "wait", "--for=condition=Established", "crd", "--all")
    kubectl(module_kube, "apply", "-f", "demo/config")
    port = free_port()
    module_kube.apply(gateway_service({8008: port}, selector=GATEWAY_LABELS, namespace=NAMESPACE))
    with CutProxy(module_kube.port) as proxy:
        options = [
            "--kubernetes",
            "--write-status",
            "--kubeconfig",
            str(module_kube.kubeconfig(url=proxy.url)),
        ]
        with Mesh(folder, options=options, reads_folder=False) as mesh:
            ports = {}
            for name, models in HOLDERS.items():
                ports[name] = mesh.grpc_upstream(name, address=address).port
                body = pod(name, ports[name], models)
                (stored,) = module_kube.apply(body)
                module_kube.set_status(stored, running(stored, address))
                module_kube.apply(tutorial_slice(name, ports[name], address))
            envoy = mesh.start_envoy(NODE)
            envoy.wait_for_endpoints(CLUSTER, *ports.values())
            envoy.wait_for_listener(port)
            yield Tutorial(module_kube, proxy, mesh, envoy, port, ports)


def kubectl(kube: KubeServer, *arguments: str) -> None:
    """Run the real kubectl, which refuses fields that a CRD does not know."""
    config = kube.kubeconfig()
    # It keeps a cache at home; without one, in the folder that it runs in.
    environment = {
        "HOME": str(config.parent),
        "KUBECONFIG": str(config),
        "PATH": os.environ["PATH"],
    }
    command = [program("kubectl"), *arguments]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{arguments}\n{done.stdout}{done.stderr}"


def ask(client: GrpcClient, model: str) -> Answer:
    return client.infer(model, 1.0, headers={"model": model})


def served_by(tutorial: Tutorial, model: str) -> set[str]:
    with closing(GrpcClient(tutorial.port)) as client:
        answers = [ask(client, model) for _ in range(20)]
    assert not any(answer.error for answer in answers), answers[0]
    return {answer.upstream for answer in answers}


def wait_until_served(tutorial: Tutorial, model: str, *names: str) -> None:
    eventually(
        lambda: served_by(tutorial, model) == set(names),
        what=f"{model} is served by {names}",
        seconds=30,
    )


def test_each_request_goes_to_a_pod_that_holds_its_model(tutorial: Tutorial) -> None:
    assert served_by(tutorial, "tf-mnist") == {"runtime-1"}
    assert served_by(tutorial, "sklearn-mnist") == {"runtime-2"}
    assert served_by(tutorial, "bert") == {"runtime-2", "runtime-3"}
    assert served_by(tutorial, "gpt") <= HOLDERS.keys()


def test_labels_of_pods_change_under_load(tutorial: Tutorial) -> None:
    with (
        closing(GrpcClient(tutorial.port)) as client,
        Load(lambda: ask(client, "tf-mnist"), rate=RATE) as load,
    ):
        for there, elsewhere in [("runtime-3", "runtime-1"), ("runtime-1", "runtime-3")] * 2:
            tutorial.hold(there, "tf-mnist", *HOLDERS[there])
            wait_until_served(tutorial, "tf-mnist", there, elsewhere)
            tutorial.hold(elsewhere, *(m for m in HOLDERS[elsewhere] if m != "tf-mnist"))
            wait_until_served(tutorial, "tf-mnist", there)
            load.wait_for_more()
    assert load.failures == []
    assert load.upstreams.keys() == {"runtime-1", "runtime-3"}


def test_a_label_that_is_named_from_now_on_routes_by_its_newest_value(tutorial: Tutorial) -> None:
    # Nobody names it yet, so it changes without a word.
    for stage, name in [("prod", "runtime-1"), ("old", "runtime-1"), ("prod", "runtime-3")]:
        body = pod(name, tutorial.ports[name], HOLDERS[name])
        body["metadata"]["labels"]["stage"] = stage
        tutorial.kube.apply(body)
    tutorial.hold("runtime-2", *HOLDERS["runtime-2"], "sentinel")
    wait_until_served(tutorial, "sentinel", "runtime-2")
    for item in documents(ROOT / "demo" / "config"):
        if item["kind"] == "DestinationRule":
            subset = item["spec"]["trafficPolicy"]["loadBalancer"]["dynamicSubset"]
            subset["subsetSelectors"].append({"keys": ["stage"], "fallbackPolicy": "NO_FALLBACK"})
            tutorial.kube.apply(item)
        elif item["kind"] == "VirtualService":
            mappings = item["spec"]["http"][0]["headerToDynamicSubsetKey"]
            mappings.append({"header": "stage", "key": "stage"})
            tutorial.kube.apply(item)
    try:
        with closing(GrpcClient(tutorial.port)) as client:

            def served(stage: str) -> set[str]:
                headers = {"stage": stage}
                answers = [client.infer("any", 1.0, headers=headers) for _ in range(20)]
                return {answer.upstream for answer in answers}

            eventually(lambda: served("prod") == {"runtime-3"}, seconds=30)
            assert served("old") == {"runtime-1"}
    finally:
        kubectl(tutorial.kube, "apply", "--server-side", "--force-conflicts", "-f", "demo/config")
        for name, models in HOLDERS.items():
            tutorial.hold(name, *models)


@pytest.mark.slow
def test_the_api_server_is_away_under_load(tutorial: Tutorial) -> None:
    with (
        closing(GrpcClient(tutorial.port)) as client,
        Load(lambda: ask(client, "tf-mnist"), rate=RATE) as load,
    ):
        tutorial.proxy.cut()
        tutorial.kube.kill()
        for _ in range(AWAY_SECONDS):
            load.wait_for_more(RATE)
        tutorial.kube.start()
        # The control plane learns of it only later, and then it is history.
        tutorial.hold("runtime-3", "tf-mnist", "bert")
        tutorial.hold("runtime-1")
        tutorial.proxy.mend()
        wait_until_served(tutorial, "tf-mnist", "runtime-3")
        tutorial.hold("runtime-1", "tf-mnist")
        tutorial.hold("runtime-3", "bert")
        wait_until_served(tutorial, "tf-mnist", "runtime-1")
    assert load.failures == []
    logs = tutorial.mesh.control_plane.logs
    # Every kind asks again, as soon as the first has got an answer.
    eventually(lambda: logs("API server answers again"))
    assert len(logs("problem", code="api-server-unreachable")) == 1
    assert len(logs("API server answers again")) == 1


def test_the_control_plane_restarts_while_the_api_server_is_away(tutorial: Tutorial) -> None:
    with (
        closing(GrpcClient(tutorial.port)) as client,
        Load(lambda: ask(client, "tf-mnist"), rate=RATE) as load,
    ):
        tutorial.proxy.cut()
        connected = tutorial.envoy.stat("cluster_manager.cds.update_success")
        tutorial.mesh.control_plane.restart()
        eventually(
            lambda: tutorial.envoy.stat("control_plane.connected_state"), what="Envoy is back"
        )
        load.wait_for_more(RATE)
        # It knows nothing yet, and says nothing.
        assert tutorial.envoy.stat("cluster_manager.cds.update_success") == connected
        assert set(tutorial.envoy.endpoints(CLUSTER)) == set(tutorial.ports.values())
        tutorial.hold("runtime-3", "tf-mnist", "bert")
        tutorial.proxy.mend()
        wait_until_served(tutorial, "tf-mnist", "runtime-1", "runtime-3")
        tutorial.hold("runtime-3", "bert")
        wait_until_served(tutorial, "tf-mnist", "runtime-1")
    assert load.failures == []
