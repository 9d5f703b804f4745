"""Istio and Kubernetes objects as plain data: those that every test with a real Envoy needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Object = dict[str, Any]


def gateway(
    name: str,
    namespace: str,
    *,
    selector: Mapping[str, str],
    ports: Sequence[int],
    hosts: Sequence[str] = ("*",),
    protocol: str = "HTTP",
) -> Object:
    """A Gateway whose HTTP servers are bound to 127.0.0.1."""
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "Gateway",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "selector": dict(selector),
            "servers": [
                {
                    "bind": "127.0.0.1",
                    "hosts": list(hosts),
                    "port": {
                        "number": port,
                        "name": f"{protocol.lower()}-{port}",
                        "protocol": protocol,
                    },
                }
                for port in ports
            ],
        },
    }


def service(
    name: str,
    namespace: str,
    *,
    selector: Mapping[str, str],
    ports: Mapping[str, int],
    target_ports: Mapping[str, int | str] | None = None,
) -> Object:
    """A Service; `ports` by name, a port's target is its name unless `target_ports` says other."""
    targets = target_ports or {}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "selector": dict(selector),
            "ports": [
                {"name": port, "port": number, "targetPort": targets.get(port, port)}
                for port, number in ports.items()
            ],
        },
    }


def gateway_service(
    ports: Mapping[int, int],
    *,
    selector: Mapping[str, str],
    name: str = "gateway",
    namespace: str = "istio-system",
) -> Object:
    """The Service before a gateway: maps its servers' ports to those that Envoy really binds.

    So YAML that says port 8008 works on any free port of this machine. `namespace` is that of the
    gateway's proxies, whatever the namespace of the Gateway object: a Service selects in its own.
    """
    return service(
        name,
        namespace,
        selector=selector,
        ports={f"http-{port}": port for port in ports},
        target_ports={f"http-{port}": bound for port, bound in ports.items()},
    )


def workload_entry(
    name: str,
    namespace: str,
    *,
    labels: Mapping[str, str],
    ports: Mapping[str, int],
    annotations: Mapping[str, str] | None = None,
    address: str = "127.0.0.1",
) -> Object:
    """A WorkloadEntry: how several workloads share 127.0.0.1, each on ports of its own."""
    metadata: Object = {"name": name, "namespace": namespace}
    if annotations:
        metadata["annotations"] = dict(annotations)
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "WorkloadEntry",
        "metadata": metadata,
        "spec": {"address": address, "labels": dict(labels), "ports": dict(ports)},
    }


def virtual_service(
    name: str,
    namespace: str,
    http: Sequence[Mapping[str, Any]],
    *,
    gateways: Sequence[str] = ("entry",),
    hosts: Sequence[str] = ("*",),
) -> Object:
    """A VirtualService with these HTTP routes."""
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "VirtualService",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "hosts": list(hosts),
            "gateways": list(gateways),
            "http": [dict(route) for route in http],
        },
    }


def route_to(host: str, *, subset: str | None = None, **fields: Any) -> Object:
    """An HTTP route to the only port of a service, with any other fields of HTTPRoute."""
    destination = {"host": host} | ({"subset": subset} if subset else {})
    return {**fields, "route": [{"destination": destination}]}


def destination_rule(
    host: str,
    namespace: str,
    *,
    load_balancer: Mapping[str, Any] | None = None,
    subsets: Sequence[Mapping[str, Any]] = (),
    **policy: Any,
) -> Object:
    """A DestinationRule of the host's own name; `policy` are further fields of trafficPolicy."""
    traffic_policy = {**policy, **({"loadBalancer": dict(load_balancer)} if load_balancer else {})}
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "DestinationRule",
        "metadata": {"name": host, "namespace": namespace},
        "spec": {
            "host": host,
            **({"trafficPolicy": traffic_policy} if traffic_policy else {}),
            **({"subsets": [dict(subset) for subset in subsets]} if subsets else {}),
        },
    }


def dynamic_subset(
    *keys: str, policy: str | None = None, top: str | None = None, default: str | None = None
) -> Object:
    """A load balancer with one selector of these keys; `default` is a value of the first key."""
    selector: Object = {"keys": list(keys)} | ({"fallbackPolicy": policy} if policy else {})
    subset: Object = {"subsetSelectors": [selector]}
    if top:
        subset["fallbackPolicy"] = top
    if default:
        subset["defaultSubset"] = {keys[0]: default}
    return {"dynamicSubset": subset}
