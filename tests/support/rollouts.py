"""Deployments of runtimes in a cluster with controllers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.support.kube import KubeServer
from tests.support.kube_client import Json
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
