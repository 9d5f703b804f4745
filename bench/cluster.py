"""A large cluster: services over a shared pool of Pods, in a real API server.

Each Pod is a runtime behind ten services, with the fields, annotations and managed fields that a
real one has: 12 KB, of which Straightway needs 500 bytes. Each service has ten EndpointSlices with
ten endpoints, a VirtualService with one host at the gateway, and a DestinationRule with a dynamic
subset on the label ``model``.

One Pod and one EndpointSlice are created by request; the others are copies of what the API server
returned, written into its etcd. By request they would take minutes.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Container, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from bench.config import NAMESPACE, SELECTOR, service_text
from bench.figures import waiting
from straightway.kubernetes import Client, connect
from tests.support.kube import KubeServer, transaction
from tests.support.objects import gateway

Json = dict[str, Any]

PODS = 10_000
SERVICES = 1_000
SLICES = 10
ENDPOINTS = 10
MODELS = 1_000
MEMBERS = SERVICES * SLICES * ENDPOINTS
"""The endpoints of all services together."""

_CONCURRENT = 24
_AT_ONCE = 80
"""Objects per transaction of etcd."""
_PATHS = {
    "Service": "/api/v1/namespaces/{}/services",
    "VirtualService": "/apis/networking.istio.io/v1/namespaces/{}/virtualservices",
    "DestinationRule": "/apis/networking.istio.io/v1/namespaces/{}/destinationrules",
}


def fill(kube: KubeServer, port: int) -> None:
    """Create all objects, for a gateway that listens on ``port``. The kinds are installed."""
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    kube.apply(namespace, gateway("gateway", NAMESPACE, selector=SELECTOR, ports=[port]))
    [pod] = kube.create(_pod(0))
    pod = kube.set_status(pod, _pod_status(0))
    _store(kube, "pods", [_as_pod(pod, index) for index in range(1, PODS)])
    [endpoint_slice] = kube.create(_slice(0, 0))
    numbers = [divmod(number, SLICES) for number in range(1, SERVICES * SLICES)]
    copies = [_copy(endpoint_slice, _slice(service, part)) for service, part in numbers]
    _store(kube, "endpointslices", copies)
    asyncio.run(_create_services(kube.kubeconfig()))


def pod_name(index: int) -> str:
    """Return a Pod's name."""
    return f"runtime-{index:05}"


def pod_list(kube: KubeServer, *, limit: int, token: str = "") -> Json:
    """Return a page of the list of Pods."""
    query = {"limit": str(limit), "continue": token}
    page: Json = kube.request("GET", f"/api/v1/namespaces/{NAMESPACE}/pods", query=query)
    return page


def pods_now(kube: KubeServer, indexes: Container[int]) -> dict[int, Json]:
    """Return some Pods as the API server has them, by their number."""
    pods, token, number = {}, "", 0
    while token or not number:
        page = pod_list(kube, limit=500, token=token)
        # They come in the order of their names.
        for index, pod in enumerate(page["items"], number):
            if index in indexes:
                pods[index] = {"apiVersion": "v1", "kind": "Pod", **pod}
        number += len(page["items"])
        token = page["metadata"].get("continue", "")
    return pods


def writing_pods(pods: Sequence[Json]) -> list[Json]:
    """Return transactions that write Pods: the API server passes them on as fast as it can."""
    return list(_transactions("pods", pods))


def merged(item: Json, change: Json) -> Json:
    """Return an object with a change, as a merge patch would make it (RFC 7396)."""
    result = dict(item)
    for key, value in change.items():
        result[key] = merged(item.get(key, {}), value) if isinstance(value, dict) else value
    return result


# --- Writing ---


def _store(kube: KubeServer, kind: str, objects: Sequence[Json]) -> None:
    with waiting(f"Writing {kind}"):
        for each in _transactions(kind, objects):
            kube.commit(each)


def _transactions(kind: str, objects: Sequence[Json]) -> Iterator[Json]:
    for start in range(0, len(objects), _AT_ONCE):
        some = objects[start : start + _AT_ONCE]
        names = (item["metadata"]["name"] for item in some)
        keys = [f"/registry/{kind}/{NAMESPACE}/{name}" for name in names]
        yield transaction(dict(zip(keys, some, strict=True)))


async def _create_services(kubeconfig: Path) -> None:
    """Create by request what the API server gives addresses to, and what belongs to it."""
    objects: list[Json] = [
        item
        for service in range(SERVICES)
        for item in yaml.load_all(service_text(service), yaml.CSafeLoader)
    ]
    with waiting("Creating services"):
        async with connect(kubeconfig) as client:
            await _create(client, objects)


async def _create(client: Client, objects: Iterable[Json]) -> None:
    waiting = iter(objects)

    async def one_by_one() -> None:
        for each in waiting:
            path = _PATHS[each["kind"]].format(NAMESPACE)
            await client.request("POST", path, body=each, timeout=60)

    async with asyncio.TaskGroup() as tasks:
        for _ in range(_CONCURRENT):
            tasks.create_task(one_by_one())


def _as_pod(pod: Json, index: int) -> Json:
    """Return a stored Pod as the one with another number."""
    metadata = {"name": pod_name(index), "labels": {"model": _model(index)}}
    spec = {"nodeName": _node(index)}
    return _copy(pod, {"metadata": metadata, "spec": spec, "status": _pod_status(index)})


def _copy(stored: Json, change: Json) -> Json:
    """Return another object, with what the API server has added to this one."""
    return merged(stored, merged(change, {"metadata": {"uid": str(uuid.uuid4())}}))


# --- Objects ---


def _slice(service: int, part: int) -> Json:
    name = f"service-{service:04}"
    # Neighbours share most of their runtimes.
    first = service * (PODS // SERVICES) + part * ENDPOINTS
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "name": f"{name}-{part}",
            "namespace": NAMESPACE,
            "labels": {
                "kubernetes.io/service-name": name,
                "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
            },
        },
        "addressType": "IPv4",
        "ports": [{"name": "grpc", "port": 8033, "protocol": "TCP"}],
        "endpoints": [_endpoint(index % PODS) for index in range(first, first + ENDPOINTS)],
    }


def _endpoint(index: int) -> Json:
    return {
        "addresses": [_address(index)],
        "conditions": {"ready": True, "serving": True, "terminating": False},
        "nodeName": _node(index),
        "targetRef": {"kind": "Pod", "name": pod_name(index), "namespace": NAMESPACE},
        "zone": f"zone-{index % 3}",
    }


def _node(index: int) -> str:
    return f"node-{index % 200}"


def _model(index: int) -> str:
    return f"model-{index % MODELS}"


def _address(index: int) -> str:
    return f"10.{index // 62_500}.{index // 250 % 250}.{index % 250 + 1}"


def _pod(index: int) -> Json:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": pod_name(index),
            "namespace": NAMESPACE,
            "labels": {
                "app": "runtime",
                "model": _model(index),
                "pod-template-hash": "6d4cf56db6",
                "app.kubernetes.io/name": "runtime",
                "app.kubernetes.io/part-of": "serving",
            },
            "annotations": {
                "prometheus.io/scrape": "true",
                "checksum/config": "f" * 64,
                "cni.example.com/state": "x" * 1500,
            },
        },
        "spec": {
            "nodeName": _node(index),
            "serviceAccountName": "default",
            "automountServiceAccountToken": False,
            "containers": [_container("runtime", 8033), _container("agent", 9000)],
            "volumes": [{"name": f"volume-{number}", "emptyDir": {}} for number in range(4)],
        },
    }


def _container(name: str, port: int) -> Json:
    variables = [{"name": f"SETTING_{number}", "value": "v" * 40} for number in range(24)]
    mounts = [{"name": f"volume-{number}", "mountPath": f"/data/{number}"} for number in range(4)]
    probe = {"httpGet": {"path": "/v2/health/ready", "port": port}, "periodSeconds": 5}
    return {
        "name": name,
        "image": f"registry.example.com/serving/{name}:v1.2.3",
        "ports": [{"name": "grpc" if name == "runtime" else "http", "containerPort": port}],
        "env": variables,
        "resources": {"limits": {"cpu": "2", "memory": "8Gi"}, "requests": {"cpu": "1"}},
        "volumeMounts": mounts,
        "readinessProbe": probe,
        "livenessProbe": probe,
    }


def _pod_status(index: int) -> Json:
    conditions = ("PodScheduled", "Initialized", "ContainersReady", "Ready")
    return {
        "phase": "Running",
        "podIP": _address(index),
        "podIPs": [{"ip": _address(index)}],
        "hostIP": f"10.200.0.{index % 200 + 1}",
        "conditions": [
            {"type": each, "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}
            for each in conditions
        ],
    }
