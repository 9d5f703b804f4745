"""Istio and Kubernetes objects as plain data, for tests with a real Envoy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Object = dict[str, Any]


def namespace_named(name: str) -> Object:
    """Return a namespace."""
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def gateway(
    name: str,
    namespace: str,
    *,
    selector: Mapping[str, str],
    ports: Sequence[int],
    hosts: Sequence[str] = ("*",),
    protocol: str = "HTTP",
) -> Object:
    """Return a Gateway whose HTTP servers bind 127.0.0.1."""
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
    """Return a Service; `ports` by name, a port targets its own name by default."""
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
    """Return a gateway's Service, which maps its servers' ports to the ports that Envoy binds.

    YAML with port 8008 therefore works on any free port. `namespace` is that of the gateway's
    proxies, not of the Gateway object: a Service selects in its own namespace.
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
    """Return a WorkloadEntry; several share 127.0.0.1, each with its own ports."""
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
    """Return a VirtualService with these HTTP routes."""
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
    """Return an HTTP route to the only port of a service, plus other fields of HTTPRoute."""
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
    """Return a DestinationRule named like its host; `policy` has the fields of trafficPolicy.

    One for a wildcard is named `any` for the wildcard.
    """
    traffic_policy = {**policy, **({"loadBalancer": dict(load_balancer)} if load_balancer else {})}
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "DestinationRule",
        "metadata": {"name": host.replace("*", "any"), "namespace": namespace},
        "spec": {
            "host": host,
            **({"trafficPolicy": traffic_policy} if traffic_policy else {}),
            **({"subsets": [dict(subset) for subset in subsets]} if subsets else {}),
        },
    }


def dynamic_subset(
    *keys: str,
    policy: str | None = None,
    top: str | None = None,
    default: str | None = None,
    retries: Mapping[str, Any] | None = None,
    missing: Mapping[str, Any] | None = None,
) -> Object:
    """Return a load balancer with one selector; `default` is a value of its first key."""
    selector: Object = {"keys": list(keys)} | ({"fallbackPolicy": policy} if policy else {})
    if missing is not None:
        selector["onMissing"] = dict(missing)
    subset: Object = {"subsetSelectors": [selector]}
    if top:
        subset["fallbackPolicy"] = top
    if default:
        subset["defaultSubset"] = {keys[0]: default}
    if retries is not None:
        subset["retries"] = dict(retries)
    return {"dynamicSubset": subset}
