"""How objects name Gateways: ``namespace/name``, or a short name in their own namespace."""

from __future__ import annotations

from straightway.api import VirtualService
from straightway.api.kinds import ISTIO_NETWORKING
from straightway.documents import Reference

MESH = "mesh"
"""The name that stands for all sidecars instead of a Gateway in VirtualServices."""


def gateway_name(gateway: str, namespace: str) -> str:
    """Return ``namespace/name`` for a gateway as an object of ``namespace`` names it.

    As in Istio, ``./name`` is in the object's own namespace, and a name with dots is a host name:
    ``name.namespace``, ``name.namespace.svc.cluster.local``.
    """
    if gateway == MESH:
        return MESH
    of, slash, name = gateway.rpartition("/")
    if slash:
        return f"{namespace if of == '.' else of}/{name}"
    name, dot, rest = gateway.partition(".")
    return f"{rest.partition('.')[0] if dot else namespace}/{name}"


def gateway_reference(name: str) -> Reference:
    """Return the Gateway that ``namespace/name`` stands for."""
    namespace, _, name = name.rpartition("/")
    return Reference(ISTIO_NETWORKING, "Gateway", namespace, name)


def gateways_of(virtual_service: VirtualService) -> frozenset[str]:
    """Return the gateways that a VirtualService binds to; ``mesh`` if it names none."""
    namespace = virtual_service.metadata.namespace
    named = virtual_service.spec.gateways or (MESH,)
    return frozenset(gateway_name(gateway, namespace) for gateway in named)
