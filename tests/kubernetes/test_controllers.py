"""Kubernetes' own controllers, with a kubelet that is played: rolling updates, deletions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.support.host_address import host_address
from tests.support.http import HttpClient
from tests.support.kube import KubeServer
from tests.support.kube_client import Json, KubeError
from tests.support.kubelet import Kubelet
from tests.support.upstreams import HttpUpstream
from tests.support.waiting import eventually

NAMESPACE = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "models"}}
LABELS = {"app": "runtime"}
REPLICAS = 3
SERVICE: Json = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "runtime", "namespace": "models"},
    "spec": {"selector": LABELS, "ports": [{"name": "http", "port": 80, "targetPort": "http"}]},
}


def deployment(image: str) -> Json:
    container = {
        "name": "main",
        "image": image,
        # A placeholder: every Pod gets a port of its own.
        "ports": [{"name": "http", "containerPort": 8080}],
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "runtime", "namespace": "models"},
        "spec": {
            "replicas": REPLICAS,
            "selector": {"matchLabels": LABELS},
            "strategy": {"rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
            "template": {"metadata": {"labels": LABELS}, "spec": {"containers": [container]}},
        },
    }


def endpoints(kube: KubeServer) -> list[tuple[int, Json]]:
    """The port and the conditions of every endpoint of the Service."""
    path = "/apis/discovery.k8s.io/v1/namespaces/models/endpointslices"
    slices = kube.request(
        "GET", path, query={"labelSelector": "kubernetes.io/service-name=runtime"}
    )
    return [
        (item["ports"][0]["port"], endpoint["conditions"])
        for item in slices["items"]
        for endpoint in item["endpoints"] or ()
        if item["ports"]
    ]


def ready(kube: KubeServer) -> set[int]:
    return {port for port, conditions in endpoints(kube) if conditions["ready"]}


def terminating(kube: KubeServer) -> set[int]:
    """The ports of the endpoints that end but still serve."""
    return {
        port
        for port, conditions in endpoints(kube)
        if conditions["terminating"] and conditions["serving"]
    }


@contextmanager
def rolled_out(
    kube: KubeServer, may_stop: Callable[[Json], bool] = lambda _: True
) -> Iterator[Kubelet]:
    kube.apply(NAMESPACE)

    def run(name: str, address: str, port: int) -> HttpUpstream:
        return HttpUpstream(name, address=address, port=port)

    with Kubelet(kube, "models", run, may_stop=may_stop) as kubelet:
        kube.apply(SERVICE, deployment("runtime:1"))
        eventually(lambda: len(ready(kube)) == REPLICAS, what="all endpoints are ready")
        yield kubelet


def images(pods: list[Json]) -> list[str]:
    return [pod["spec"]["containers"][0]["image"] for pod in pods]


def test_a_service_has_an_endpoint_for_each_pod_of_a_deployment(live_kube: KubeServer) -> None:
    with rolled_out(live_kube) as kubelet:
        names = {pod["metadata"]["name"] for pod in kubelet.pods()}
        answers = {
            HttpClient(port, address=host_address()).send().upstream for port in ready(live_kube)
        }
        assert answers == names


def test_a_rolling_update_lets_endpoints_serve_until_their_pods_may_stop(
    live_kube: KubeServer,
) -> None:
    stopped: set[str] = set()

    def may_stop(pod: Json) -> bool:
        return pod["metadata"]["name"] in stopped

    with rolled_out(live_kube, may_stop) as kubelet:
        old = {pod["metadata"]["name"] for pod in kubelet.pods()}
        live_kube.apply(deployment("runtime:2"))

        eventually(
            lambda: len(terminating(live_kube)) == REPLICAS and len(ready(live_kube)) == REPLICAS,
            what="the new Pods are ready, the old ones still serve",
        )
        for port in terminating(live_kube):
            assert HttpClient(port, address=host_address()).send().upstream in old
        stopped |= old

        eventually(lambda: images(kubelet.pods()) == ["runtime:2"] * REPLICAS)
        eventually(lambda: not terminating(live_kube), what="the old endpoints are gone")
        assert len(ready(live_kube)) == REPLICAS


def test_a_deleted_namespace_goes_with_all_that_is_in_it(live_kube: KubeServer) -> None:
    with rolled_out(live_kube):
        live_kube.delete(NAMESPACE)
        eventually(lambda: gone(live_kube, NAMESPACE), what="the namespace is gone", seconds=60)


def test_pods_go_with_their_deployment(live_kube: KubeServer) -> None:
    with rolled_out(live_kube) as kubelet:
        live_kube.delete(deployment("runtime:1"))
        eventually(lambda: kubelet.pods() == [], what="the Pods are gone")
        eventually(lambda: endpoints(live_kube) == [], what="the endpoints are gone")


def test_pods_and_controllers_outlast_the_api_server(live_kube: KubeServer) -> None:
    with rolled_out(live_kube) as kubelet:
        ports = ready(live_kube)
        live_kube.kill()
        for port in ports:
            assert HttpClient(port, address=host_address()).send().ok
        live_kube.start()
        live_kube.apply(deployment("runtime:2"))
        eventually(lambda: images(kubelet.pods()) == ["runtime:2"] * REPLICAS, seconds=60)


def gone(kube: KubeServer, item: Json) -> bool:
    try:
        kube.read(item)
    except KubeError as error:
        return error.status == 404
    return False
