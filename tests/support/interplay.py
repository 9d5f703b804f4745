"""Objects that meet each other, in several versions each, for tests of any changes.

Short names and full ones, rules in the namespaces of client, service and root, wildcards, merged
rules, aliases, entries with one host or address, routes for hosts of no service, slices with their
Pods, the gateway's own Service, transcoders, ages.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from itertools import chain, product
from typing import Any

import yaml
from google.protobuf import descriptor_pb2

from straightway.api import ApiObject
from straightway.documents import Reference
from tests.support.world import parsed

Version = tuple[str, str, str, dict[str, Any], dict[str, Any]]
"""Kind, namespace, name, what else stands in the metadata, and what beside them."""

AGES = (None, "2024-01-01T00:00:00Z", "2025-01-01T00:00:00Z")
HTTP = {"name": "http", "port": 80}
GRPC = {"name": "grpc", "port": 81, "targetPort": "main"}
HOSTS = ("web", "web.default", "web.shop.svc.cluster.local", "x.com", "alias", "nowhere.com")
WILD = ("*.com", "*.shop.svc.cluster.local", "10.1.0.1")
TEAM = {"loadBalancer": {"dynamicSubset": {"subsetSelectors": [{"keys": ["model"]}]}}}
SMOOTH = {"loadBalancer": {"consistentHash": {"httpHeaderName": "x-user"}}}


def _descriptor() -> str:
    method = descriptor_pb2.MethodDescriptorProto(
        name="Do", input_type=".a.Empty", output_type=".a.Empty"
    )
    file = descriptor_pb2.FileDescriptorProto(
        name="a.proto",
        package="a",
        syntax="proto3",
        message_type=[descriptor_pb2.DescriptorProto(name="Empty")],
        service=[descriptor_pb2.ServiceDescriptorProto(name="S", method=[method])],
    )
    return base64.b64encode(
        descriptor_pb2.FileDescriptorSet(file=[file]).SerializeToString()
    ).decode()


DESCRIPTOR = _descriptor()


def _services() -> Iterator[Version]:
    for namespace, ports, selector, address in product(
        ("default", "shop"),
        ([HTTP], [HTTP, GRPC], [GRPC]),
        ({"app": "a"}, {"app": "b", "tier": "x"}, {}),
        ("10.1.0.1", "None"),
    ):
        spec = {"ports": ports, "selector": selector, "clusterIP": address}
        yield "Service", namespace, "web", {}, {"spec": spec}


def _aliases() -> Iterator[Version]:
    for to in ("web.default.svc.cluster.local", "web.shop.svc.cluster.local", "x.com"):
        for name in ("alias", "other"):
            spec = {"type": "ExternalName", "externalName": to}
            yield "Service", "shop", name, {}, {"spec": spec}


def _second_aliases() -> Iterator[Version]:
    for to in ("alias.shop.svc.cluster.local", "second.default.svc.cluster.local"):
        spec = {"type": "ExternalName", "externalName": to}
        yield "Service", "default", "second", {}, {"spec": spec}


def _gateway_services() -> Iterator[Version]:
    for target in (8080, "main", None):
        port = {"name": "http", "port": 80, **({"targetPort": target} if target else {})}
        spec = {"ports": [port], "selector": {"istio": "gw"}}
        yield "Service", "default", "gw", {}, {"spec": spec}


def _entries() -> Iterator[Version]:
    for namespace, hosts, more, age in product(
        ("default", "shop"),
        (["x.com"], ["x.com", "y.com"], ["web.default.svc.cluster.local"], ["*.com"]),
        (
            {"resolution": "STATIC", "workloadSelector": {"labels": {"app": "a"}}},
            {"resolution": "DNS", "addresses": ["10.1.0.1", "fd00::1"]},
            {
                "resolution": "STATIC",
                "endpoints": [{"address": "10.2.0.1", "labels": {"model": "m", "v": "1"}}],
                "addresses": ["10.1.0.1"],
            },
        ),
        AGES[:2],
    ):
        ports = [{"number": 80, "name": "http", "protocol": "HTTP"}]
        spec = {"hosts": hosts, "ports": ports, **more}
        yield "ServiceEntry", namespace, "entry", _age(age), {"spec": spec}


def _rules() -> Iterator[Version]:
    policies: list[dict[str, Any]] = [
        {"trafficPolicy": TEAM},
        {"trafficPolicy": SMOOTH, "subsets": [{"name": "v1", "labels": {"v": "1"}}]},
        {"subsets": [{"name": "v1", "labels": {"v": "2"}, "trafficPolicy": TEAM}]},
    ]
    for namespace, name, host, age, more in product(
        ("default", "shop", "istio-system"),
        ("r", "s"),
        ("web", "web.shop", "web.default.svc.cluster.local", "x.com", "*", "*.com"),
        AGES,
        policies,
    ):
        yield "DestinationRule", namespace, name, _age(age), {"spec": {"host": host, **more}}


def _routes() -> Iterator[Version]:
    for namespace, name, hosts, gateways, to, age in product(
        ("default", "shop"),
        ("one", "two"),
        (["*"], ["x.com", "web"], ["alias", "nowhere.com"], [*WILD]),
        (["gw"], ["mesh"], ["mesh", "default/gw"], ["shop/gw", "nothing"]),
        HOSTS,
        AGES[1:],
    ):
        key = {"header": "x-model", "key": "model"}
        to_it = {"destination": {"host": to}}
        subset = {"destination": {"host": to, "subset": "v1", "port": {"number": 80}}}
        http = [
            {
                "match": [{"uri": {"prefix": "/v"}, "port": 80}],
                "route": [subset],
                "headerToDynamicSubsetKey": [key],
            },
            {"match": [{"gateways": ["mesh"]}, {"uri": {"exact": "/"}}], "route": [to_it]},
            {"route": [{**to_it, "weight": 1}, {**subset, "weight": 2}]},
        ]
        spec = {"hosts": hosts, "gateways": gateways, "http": http}
        yield "VirtualService", namespace, name, _age(age), {"spec": spec}


def _gateways() -> Iterator[Version]:
    for namespace, selector, hosts, numbers, age in product(
        ("default", "shop"),
        ({"istio": "gw"}, {}, {"app": "a"}),
        (["*"], ["default/*.com", "./x.com"]),
        ((80,), (80, 8080)),
        AGES[:2],
    ):
        servers = [
            {"port": {"number": each, "name": "http", "protocol": "HTTP"}, "hosts": hosts}
            for each in numbers
        ]
        spec = {"selector": selector, "servers": servers}
        yield "Gateway", namespace, "gw", _age(age), {"spec": spec}


def _pods() -> Iterator[Version]:
    for labels, address, ready, ports in product(
        ({"app": "a", "model": "m"}, {"app": "b", "tier": "x", "v": "1"}, {"istio": "gw"}),
        ("10.0.0.1", "10.0.0.2"),
        ("True", "False"),
        ([{"name": "main", "containerPort": 9000}], []),
    ):
        for name in ("one", "two"):
            rest = {
                "spec": {"containers": [{"name": "c", "ports": ports}]},
                "status": {"podIP": address, "conditions": [{"type": "Ready", "status": ready}]},
            }
            yield "Pod", "default", name, {"labels": labels}, rest


def _workloads() -> Iterator[Version]:
    for namespace, name, labels, address in product(
        ("default", "shop"),
        ("v", "w"),
        ({"app": "a", "v": "1"}, {"app": "b", "tier": "x", "model": "n"}, {}),
        ("10.0.0.1", "10.0.0.3", "vm.example.com"),
    ):
        yield (
            "WorkloadEntry",
            namespace,
            name,
            {"annotations": {"model": "[a, b]"}},
            {"spec": {"address": address, "labels": labels}},
        )


def _slices() -> Iterator[Version]:
    for name, owner, address, target in product(
        ("p", "q"), ("web", "gw"), ("10.0.0.1", "fd00::9"), ("one", "two", "")
    ):
        reference = {"targetRef": {"kind": "Pod", "name": target}} if target else {}
        yield (
            "EndpointSlice",
            "default",
            name,
            {"labels": {"kubernetes.io/service-name": owner}},
            {
                "addressType": "IPv6" if ":" in address else "IPv4",
                "ports": [{"name": "http", "port": 8000}, {"name": "grpc", "port": 8001}],
                "endpoints": [{"addresses": [address], **reference}],
            },
        )


def _transcoders() -> Iterator[Version]:
    for name, port, services in product(("t", "u"), (80, None), (["a.S"], ["a.Missing"])):
        spec = {
            "isGateway": True,
            "protoDescriptorBin": DESCRIPTOR,
            "services": services,
            "workloadSelector": {"labels": {"istio": "gw"}},
            **({"portNumber": port} if port else {}),
        }
        yield "ASMGrpcJsonTranscoder", "default", name, {}, {"spec": spec}


_ALL = (
    _services,
    _aliases,
    _second_aliases,
    _gateway_services,
    _entries,
    _rules,
    _routes,
    _gateways,
    _pods,
    _workloads,
    _slices,
    _transcoders,
)

API_VERSIONS = {
    "Service": "v1",
    "Pod": "v1",
    "EndpointSlice": "discovery.k8s.io/v1",
    "ASMGrpcJsonTranscoder": "istio.alibabacloud.com/v1beta1",
}


def _age(age: str | None) -> dict[str, Any]:
    return {"creationTimestamp": age} if age else {}


def versions() -> dict[Reference, list[ApiObject]]:
    """Several versions of each of a few dozen objects."""
    found: dict[Reference, list[ApiObject]] = {}
    for kind, namespace, name, more, rest in chain.from_iterable(each() for each in _ALL):
        metadata = {"name": name, "namespace": namespace, **more}
        body = {"apiVersion": API_VERSIONS.get(kind, "networking.istio.io/v1"), "kind": kind}
        text = yaml.safe_dump({**body, "metadata": metadata, **rest})
        ((reference, item),) = parsed(text).items()
        assert item is not None
        found.setdefault(reference, []).append(item)
    return found
