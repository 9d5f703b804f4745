"""Audiences: the classes of proxies that get the same config.

Envoy's Node → :class:`Audience`, a hashable value that holds all of the node that translation may
look at. Nothing is made per proxy that could be made per audience: a thousand sidecars of one
namespace are one.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from google.protobuf import json_format

from straightway.catalog import Catalog

# Istio's default root namespace is no home for a proxy that names none; Kubernetes' default is.
_DEFAULT_NAMESPACE = "default"


class Role(StrEnum):
    """What a proxy is: Istio's first part of the node id."""

    GATEWAY = "router"
    SIDECAR = "sidecar"


@dataclass(frozen=True, slots=True)
class Proxy:
    """What a node says of itself.

    ``captured`` is false where nothing redirects the application's traffic to the sidecar (metadata
    ``INTERCEPTION_MODE: NONE``): its listeners then bind their ports on the loopback address.
    """

    role: Role
    namespace: str
    labels: Mapping[str, str]
    captured: bool = True


@dataclass(frozen=True, slots=True)
class Audience:
    """Proxies that get the same config. ``labels`` are only those that some selector names."""

    role: Role
    namespace: str
    labels: tuple[tuple[str, str], ...] = ()
    captured: bool = True

    def __str__(self) -> str:
        chosen = ",".join(f"{key}={value}" for key, value in self.labels)
        return f"{self.role}/{self.namespace}" + (f"[{chosen}]" if chosen else "")


def proxy_of(node_id: str, metadata: Mapping[str, Any]) -> Proxy:
    """Read a proxy from its node id and metadata.

    Istio's ids (``router~10.0.0.2~gw-1.istio-system~istio-system.svc.cluster.local``) give role and
    namespace; for any other id they come from the metadata (``ROLE``, ``NAMESPACE``). What is
    missing or malformed falls back to a sidecar, and to the namespace ``default``.
    """
    parts = node_id.split("~")
    istio = len(parts) == 4
    role = parts[0] if istio else str(metadata.get("ROLE", Role.SIDECAR))
    from_id = _namespace_of(parts[2], parts[3]) if istio else ""
    labels = metadata.get("LABELS")
    return Proxy(
        role=Role.GATEWAY if role in ("router", "gateway") else Role.SIDECAR,
        namespace=str(metadata.get("NAMESPACE") or from_id or _DEFAULT_NAMESPACE),
        labels={str(key): str(value) for key, value in labels.items()}
        if isinstance(labels, Mapping)
        else {},
        captured=metadata.get("INTERCEPTION_MODE") != "NONE",
    )


def _namespace_of(name: str, domain: str) -> str:
    """Return the namespace in ``gateway-1.shop`` or, failing that, ``shop.svc.cluster.local``."""
    return name.rpartition(".")[2] if "." in name else domain.partition(".")[0]


def proxy_of_node(node: Any) -> Proxy:
    """Read a proxy from an ``envoy.config.core.v3.Node``."""
    return proxy_of(node.id, json_format.MessageToDict(node.metadata))


def audience_of(proxy: Proxy, selector_keys: AbstractSet[str]) -> Audience:
    """Return the audience of a proxy, given the label keys that selectors look at."""
    if proxy.role is Role.SIDECAR:
        return Audience(proxy.role, proxy.namespace, (), proxy.captured)
    labels = tuple(sorted((k, v) for k, v in proxy.labels.items() if k in selector_keys))
    return Audience(proxy.role, proxy.namespace, labels)


def gateway_selector_keys(catalog: Catalog) -> frozenset[str]:
    """Return the label keys by which anything selects gateways.

    Gateways and transcoders name their proxies; a Service that selects a gateway's workload says on
    which port it listens.
    """
    keys: set[str] = set()
    for gateway in catalog.gateways:
        keys.update(gateway.spec.selector)
    for transcoder in catalog.transcoders:
        keys.update(transcoder.spec.workload_selector)
    for service in catalog.services.values():
        keys.update(key for key, _ in service.selector or ())
    return frozenset(keys)
