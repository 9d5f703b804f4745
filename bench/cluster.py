"""A large cluster: services over a shared pool of Pods, in a real API server.

Each Pod is a runtime behind ten services, with the fields, annotations and managed fields that a
real one has: 12 KB, of which Straightway needs 500 bytes. Each service has ten EndpointSlices with
ten endpoints, a VirtualService with one host at the gateway, and a DestinationRule with a dynamic
subset on the label ``model``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from typing import Any

import yaml

from bench.config import NAMESPACE, SELECTOR, service_text
from straightway.kubernetes import Client

Json = dict[str, Any]

PODS = 10_000
SERVICES = 1_000
SLICES = 10
ENDPOINTS = 10
_PODS_OF_A_SERVICE = SLICES * ENDPOINTS
_CONCURRENT = 24

_PATHS = {
    "Pod": "/api/v1/namespaces/{}/pods",
    "Service": "/api/v1/namespaces/{}/services",
    "EndpointSlice": "/apis/discovery.k8s.io/v1/namespaces/{}/endpointslices",
    "Gateway": "/apis/networking.istio.io/v1/namespaces/{}/gateways",
    "VirtualService": "/apis/networking.istio.io/v1/namespaces/{}/virtualservices",
    "DestinationRule": "/apis/networking.istio.io/v1/namespaces/{}/destinationrules",
}


def pod_name(index: int) -> str:
    """Return a Pod's name."""
    return f"runtime-{index:05}"


def pod_path(index: int) -> str:
    """Return a Pod's path at the API server."""
    return f"{_PATHS['Pod'].format(NAMESPACE)}/{pod_name(index)}"


async def fill(client: Client, port: int) -> None:
    """Create all objects, for a gateway that listens on ``port``."""
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    await client.request("POST", "/api/v1/namespaces", body=namespace)
    # Without controllers nobody else makes it, and Pods need it.
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}}
    path = f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts"
    await client.request("POST", path, body=account)
    await _create(client, [_gateway(port)])
    await _create(client, (_pod(index) for index in range(PODS)))
    await _create(client, _of_services())
    await _set_status(client)


async def _create(client: Client, objects: Iterable[Json]) -> None:
    waiting = iter(objects)

    async def one_by_one() -> None:
        for each in waiting:
            path = _PATHS[each["kind"]].format(NAMESPACE)
            await client.request("POST", path, body=each, timeout=60)

    async with asyncio.TaskGroup() as tasks:
        for _ in range(_CONCURRENT):
            tasks.create_task(one_by_one())


async def _set_status(client: Client) -> None:
    waiting = iter(range(PODS))

    async def one_by_one() -> None:
        for index in waiting:
            await client.request(
                "PATCH",
                f"{pod_path(index)}/status",
                body={"status": _pod_status(index)},
                content_type="application/merge-patch+json",
                timeout=60,
            )

    async with asyncio.TaskGroup() as tasks:
        for _ in range(_CONCURRENT):
            tasks.create_task(one_by_one())


def _gateway(port: int) -> Json:
    server = {"port": {"number": port, "name": "http", "protocol": "HTTP"}, "hosts": ["*"]}
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "Gateway",
        "metadata": {"name": "gateway", "namespace": NAMESPACE},
        "spec": {"selector": SELECTOR, "servers": [server]},
    }


def _of_services() -> Iterator[Json]:
    for service in range(SERVICES):
        yield from yaml.load_all(service_text(service), yaml.CSafeLoader)
        for part in range(SLICES):
            yield _slice(service, part)


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
        "nodeName": f"node-{index % 200}",
        "targetRef": {"kind": "Pod", "name": pod_name(index), "namespace": NAMESPACE},
        "zone": f"zone-{index % 3}",
    }


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
                "model": f"model-{index % 1000}",
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
            "nodeName": f"node-{index % 200}",
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
