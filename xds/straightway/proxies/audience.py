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
from functools import lru_cache
from typing import Any

from envoy.config.core.v3 import base_pb2
from google.protobuf import json_format, struct_pb2

from straightway.catalog import Catalog, keys

# Istio's default root namespace is no home for a proxy that names none; Kubernetes' default is.
_DEFAULT_NAMESPACE = "default"
_LARGEST_REMEMBERED = 16_384  # bytes of metadata


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
    """Proxies that get the same config.

    ``namespace`` is empty for all namespaces that hold nothing by which their proxies would differ
    from others; ``labels`` are only those that some selector names, with their values. So there are
    no more audiences than the config has reasons for, whatever clients say of themselves.
    """

    role: Role
    namespace: str
    labels: tuple[tuple[str, str], ...] = ()
    captured: bool = True

    def __str__(self) -> str:
        chosen = ",".join(f"{key}={value}" for key, value in self.labels)
        return f"{self.role}/{self.namespace or '*'}" + (f"[{chosen}]" if chosen else "")


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


def proxy_of_node(node: base_pb2.Node) -> Proxy:
    """Read a proxy from an ``envoy.config.core.v3.Node``."""
    metadata = node.metadata.SerializeToString(deterministic=True)
    if len(metadata) > _LARGEST_REMEMBERED:
        return _proxy_of_node.__wrapped__(node.id, metadata)
    return _proxy_of_node(node.id, metadata)


# Whenever what tells proxies apart changes, those of all open streams are asked for again.
@lru_cache(maxsize=4096)
def _proxy_of_node(node_id: str, metadata: bytes) -> Proxy:
    return proxy_of(node_id, json_format.MessageToDict(struct_pb2.Struct.FromString(metadata)))


def audience_of(
    proxy: Proxy, labels: AbstractSet[tuple[str, str]], namespaces: AbstractSet[str]
) -> Audience:
    """Return the audience of a proxy.

    ``labels`` are the pairs of key and value by which anything selects proxies, ``namespaces``
    those in which anything is that decides what a proxy there is sent.
    """
    namespace = proxy.namespace if proxy.namespace in namespaces else ""
    if proxy.role is Role.SIDECAR:
        return Audience(proxy.role, namespace, (), proxy.captured)
    return Audience(proxy.role, namespace, tuple(sorted(labels & proxy.labels.items())))


def audience_in(proxy: Proxy, catalog: Catalog) -> Audience:
    """Return the audience of a proxy in a catalog."""
    labels, namespaces = catalog.values_at(keys.PROXY_LABELS), catalog.values_at(keys.NAMESPACES)
    return audience_of(proxy, labels, namespaces)
