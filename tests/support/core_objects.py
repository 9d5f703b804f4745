"""Objects of Kubernetes' own kinds, with every field that is read: set, empty and missing."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

from straightway.kubernetes.resources import BY_KIND, SECRETS, Resource

Json = dict[str, Any]

PODS, SERVICES = BY_KIND["", "Pod"], BY_KIND["", "Service"]
SLICES = BY_KIND["discovery.k8s.io", "EndpointSlice"]
_HELD = "example.com/hold"
_MANY = {
    "labels": {"z": "1", "app": "shop", "example.com/a": ""},
    "annotations": {"note": "ein Wörtchen\n", "empty": "", "a": "x" * 300},
}


def written(resource: Resource, name: str, namespace: str = "", /, **fields: Any) -> Json:
    """Return an object of a kind; without a namespace, one of the cluster."""
    metadata = {"name": name, **fields.pop("metadata", {})}
    if namespace:
        metadata["namespace"] = namespace
    version = resource.api_version("v1")
    return {"apiVersion": version, "kind": resource.kind, "metadata": metadata, **fields}


def pods(namespace: str) -> Iterator[Json]:
    """Yield three Pods; the last one stays when it is deleted."""
    plain = {"containers": [{"name": "a", "image": "a"}]}
    ports = [{"containerPort": 80}, {"name": "grpc", "containerPort": 8033, "protocol": "TCP"}]
    served = {
        "serviceAccountName": "default",
        "automountServiceAccountToken": False,
        "initContainers": [{"name": "i", "image": "i", "ports": [{"containerPort": 1}]}],
        "containers": [{"name": "a", "image": "a"}, {"name": "b", "image": "b", "ports": ports}],
        "hostNetwork": False,
        "terminationGracePeriodSeconds": 2**40,
    }
    yield written(PODS, "plain", namespace, spec=plain)
    yield written(PODS, "served", namespace, metadata=_MANY, spec=served)
    yield written(PODS, "held", namespace, metadata={"finalizers": [_HELD]}, spec=plain)


def statuses() -> Iterator[Json]:
    """Yield two statuses of Pods."""
    conditions = [{"type": kind, "status": "True"} for kind in ("Initialized", "Ready")]
    yield {"podIP": "10.0.0.1", "podIPs": [{"ip": "10.0.0.1"}], "conditions": conditions}
    yield {"conditions": [{"type": "PodScheduled", "status": "False", "message": "no node"}]}


def slices(namespace: str) -> Iterator[Json]:
    """Yield four EndpointSlices."""

    def made(name: str, endpoints: list[Json], ports: list[Json], **metadata: Any) -> Json:
        kind = "IPv6" if name == "six" else "IPv4"
        return written(
            SLICES,
            name,
            namespace,
            metadata=metadata,
            addressType=kind,
            endpoints=endpoints,
            ports=ports,
        )

    targets = [
        {},
        {"kind": "Pod", "namespace": namespace, "name": "a", "uid": "u"},
        {"kind": "Node", "name": "node-1"},
    ]
    conditions = [{}, {"ready": True}, {"ready": False, "serving": True, "terminating": True}]
    endpoints = [
        {
            "addresses": [f"10.0.0.{number}", "10.0.1.1"],
            "conditions": condition,
            "targetRef": target,
            "zone": "a",
        }
        for number, (target, condition) in enumerate(zip(targets, conditions, strict=True), 1)
    ]
    # The name and the number of a port may be missing: any of them is meant then.
    ports = [{}, {"name": "", "port": 80}, {"name": "grpc", "port": 8033, "appProtocol": "grpc"}]
    yield made("empty", [], [])
    yield made("full", endpoints, ports[1:], **_MANY)
    yield made("any", [{"addresses": ["10.0.0.9"]}], ports[:1])
    yield made("six", [{"addresses": ["2001:db8::1"]}], [{"port": None, "name": "x"}])


def services(namespace: str) -> Iterator[Json]:
    """Yield five Services; the last one has a load balancer."""

    def made(name: str, metadata: Json | None = None, /, **spec: Any) -> Json:
        return written(SERVICES, name, namespace, metadata=metadata or {}, spec=spec)

    many = [
        {"name": "http", "port": 80, "targetPort": "web", "appProtocol": "http"},
        {"name": "dns", "port": 53, "targetPort": 5353, "protocol": "UDP"},
    ]
    yield made("one", ports=[{"port": 80}])
    yield made("many", _MANY, ports=many, selector={"z": "1", "app": "shop"}, type="NodePort")
    yield made("alias", type="ExternalName", externalName="example.com")
    yield made("headless", clusterIP="None", publishNotReadyAddresses=True, selector={"a": ""})
    yield made("balanced", type="LoadBalancer", ports=[{"port": 443}])


def secrets(namespace: str) -> Iterator[Json]:
    """Yield five Secrets."""

    def made(name: str, data: Json | None, kind: str = "", **fields: Any) -> Json:
        coded = {key: base64.b64encode(value).decode() for key, value in (data or {}).items()}
        with_data = {} if data is None else {"data": coded}
        with_type = {"type": kind} if kind else {}
        return written(SECRETS, name, namespace, **with_data, **with_type, **fields)

    keys = {"tls.crt": b"certificate", "tls.key": b"\x00\xff", "other": b"x"}
    yield made("tls", keys, "kubernetes.io/tls", metadata=_MANY)
    yield made("generic", {"key": b"", "cacert": b"x" * 2000}, immutable=True)
    yield made("others", {"password": b"x"})
    yield made("none", None)
    yield made("foreign", {"key": b"x"}, "example.com/any")
