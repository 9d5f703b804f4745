"""Audiences: groups of proxies that get the same config.

:func:`audience_of` turns Envoy's Node into an :class:`Audience`, a hashable value with everything
that translation may read of the node. Resources are built per audience, never per proxy: a thousand
sidecars of one namespace are one audience.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import Any

from envoy.config.core.v3 import base_pb2
from google.protobuf import json_format, struct_pb2

from straightway.catalog import Catalog, keys

# A proxy without a namespace belongs to Kubernetes' default, not to Istio's root namespace.
_DEFAULT_NAMESPACE = "default"
_LARGEST_REMEMBERED = 16_384  # bytes of metadata
_METADATA = ("ROLE", "NAMESPACE", "LABELS", "INTERCEPTION_MODE", "OWN_PORTS")
_MOST_OWN_PORTS = 32
_LEAVES_SUBSETS = (1, 40)
"""The first Envoy whose composite cluster goes on where a member has no healthy endpoint."""
_FINDS_KEYS = (1, 38)
"""The first Envoy that finds subset keys wherever a request has them.

1.36 reads no bodies; 1.37 crashes when its script meets a field that a gRPC message lacks.
"""


class Role(StrEnum):
    """The kind of proxy: the first part of Istio's node id."""

    GATEWAY = "router"
    SIDECAR = "sidecar"


@dataclass(frozen=True, slots=True)
class Proxy:
    """What a node says about itself.

    ``captured`` is false if nothing redirects the application's traffic to the sidecar (metadata
    ``INTERCEPTION_MODE: NONE``): its listeners then bind their ports on the loopback address.
    ``own_ports`` are those of the application itself (metadata ``OWN_PORTS: "8080,9090"``), which
    could not listen on them if the sidecar did. ``leaves_subsets``: its version can send a request
    elsewhere that its subset cannot answer. ``finds_keys``: its version has all filters that find
    subset keys in requests.
    ``claimed_namespace`` is "" if the node names none, ``pod`` if it names no Pod.
    """

    role: Role
    namespace: str
    labels: Mapping[str, str]
    captured: bool = True
    own_ports: frozenset[int] = frozenset()
    leaves_subsets: bool = False
    finds_keys: bool = False
    claimed_namespace: str = field(default="", compare=False)
    pod: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Audience:
    """Proxies that get the same config.

    ``namespace`` is empty if no config sets the proxies of this namespace apart; ``labels`` holds
    only pairs that a selector uses, and ``own_ports`` only ports of services, and none where
    traffic is captured. The config alone bounds the number of audiences, whatever clients send.
    """

    role: Role
    namespace: str
    labels: tuple[tuple[str, str], ...] = ()
    captured: bool = True
    own_ports: tuple[int, ...] = ()
    leaves_subsets: bool = False
    finds_keys: bool = False

    def __str__(self) -> str:
        chosen = ",".join(f"{key}={value}" for key, value in self.labels)
        without = ",".join(map(str, self.own_ports))
        return (
            f"{self.role}/{self.namespace or '*'}"
            + (f"[{chosen}]" if chosen else "")
            + (f" without {without}" if without else "")
            + (" finding keys" if self.finds_keys else "")
            + (" leaving subsets" if self.leaves_subsets else "")
        )


def proxy_of(
    node_id: str, metadata: Mapping[str, Any], *, envoy: tuple[int, int] | None = None
) -> Proxy:
    """Return the proxy with a node id and metadata.

    Istio's ids (``router~10.0.0.2~gw-1.istio-system~istio-system.svc.cluster.local``) contain role
    and namespace; for any other id they come from the metadata (``ROLE``, ``NAMESPACE``). The role
    defaults to sidecar, the namespace to ``default``, also where the value is malformed. ``envoy``
    is the version, if it is an Envoy.
    """
    parts = node_id.split("~")
    istio = len(parts) == 4
    role = parts[0] if istio else str(metadata.get("ROLE", Role.SIDECAR))
    from_id = _namespace_of(parts[2], parts[3]) if istio else ""
    namespace = str(metadata.get("NAMESPACE") or from_id)
    labels = metadata.get("LABELS")
    return Proxy(
        role=Role.GATEWAY if role in ("router", "gateway") else Role.SIDECAR,
        namespace=namespace or _DEFAULT_NAMESPACE,
        labels={str(key): _text(value) for key, value in labels.items()}
        if isinstance(labels, Mapping)
        else {},
        captured=metadata.get("INTERCEPTION_MODE") != "NONE",
        own_ports=_ports(metadata.get("OWN_PORTS")),
        leaves_subsets=envoy is not None and envoy >= _LEAVES_SUBSETS,
        finds_keys=envoy is not None and envoy >= _FINDS_KEYS,
        claimed_namespace=namespace,
        pod=parts[2].rpartition(".")[0] if istio else "",
    )


def _ports(text: object) -> frozenset[int]:
    parts = text.split(",", _MOST_OWN_PORTS)[:_MOST_OWN_PORTS] if isinstance(text, str) else []
    digits = (part.strip() for part in parts)
    return frozenset(int(each) for each in digits if each.isascii() and each.isdigit())


def _text(value: object) -> str:
    """Return a label's value as its author wrote it: protobuf makes 1.0 of 1."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, str) else json.dumps(value)


def _namespace_of(name: str, domain: str) -> str:
    """Return the namespace in ``gateway-1.shop``, or else in ``shop.svc.cluster.local``."""
    return name.rpartition(".")[2] if "." in name else domain.partition(".")[0]


def proxy_of_node(node: base_pb2.Node) -> Proxy:
    """Return the proxy of an ``envoy.config.core.v3.Node``."""
    metadata = node.metadata.SerializeToString(deterministic=True)
    envoy = envoy_version(node)
    if len(metadata) > _LARGEST_REMEMBERED:
        return _proxy_of_node.__wrapped__(node.id, metadata, envoy)
    return _proxy_of_node(node.id, metadata, envoy)


def envoy_version(node: base_pb2.Node) -> tuple[int, int] | None:
    """Return the major and minor version of a node that is an Envoy, as far as it tells it."""
    if node.user_agent_name != "envoy" or not node.HasField("user_agent_build_version"):
        return None
    version = node.user_agent_build_version.version
    return version.major_number, version.minor_number


# The server asks for the proxies of all open streams again when the selectors change.
@lru_cache(maxsize=4096)
def _proxy_of_node(node_id: str, metadata: bytes, envoy: tuple[int, int] | None) -> Proxy:
    fields = struct_pb2.Struct.FromString(metadata).fields
    known = {name: _plain(fields[name]) for name in _METADATA if name in fields}
    return proxy_of(node_id, known, envoy=envoy)


def _plain(value: struct_pb2.Value) -> Any:
    """Return a value as plain data; None for one that JSON does not have, such as NaN."""
    try:
        return json_format.MessageToDict(value)
    except ValueError:
        return None


def audience_of(
    proxy: Proxy,
    labels: AbstractSet[tuple[str, str]],
    namespaces: AbstractSet[str],
    ports: AbstractSet[int] = frozenset(),
) -> Audience:
    """Return the audience of a proxy.

    ``labels`` are the key-value pairs by which the config selects proxies, ``namespaces`` the ones
    with config that affects their proxies, ``ports`` those at which services speak HTTP.
    """
    namespace = proxy.namespace if proxy.namespace in namespaces else ""
    leaves, finds = proxy.leaves_subsets, proxy.finds_keys
    if proxy.role is Role.SIDECAR:
        own = () if proxy.captured else tuple(sorted(ports & proxy.own_ports))
        return _shared(Audience(proxy.role, namespace, (), proxy.captured, own, leaves, finds))
    selected = tuple(sorted(labels & proxy.labels.items()))
    return _shared(
        Audience(proxy.role, namespace, selected, leaves_subsets=leaves, finds_keys=finds)
    )


# All proxies of an audience have the same object, which is compared for every response.
@lru_cache(maxsize=4096)
def _shared(audience: Audience) -> Audience:
    return audience


def audience_in(proxy: Proxy, catalog: Catalog) -> Audience:
    """Return the audience of a proxy in a catalog."""
    labels, namespaces = catalog.values_at(keys.PROXY_LABELS), catalog.values_at(keys.NAMESPACES)
    return audience_of(proxy, labels, namespaces, catalog.values_at(keys.HTTP_PORTS))
