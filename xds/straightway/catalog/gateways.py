"""How objects name Gateways: ``namespace/name``, or a short name in their own namespace."""

from __future__ import annotations

MESH = "mesh"
"""The name by which VirtualServices mean all sidecars instead of a Gateway."""


def gateway_name(gateway: str, namespace: str) -> str:
    """Return ``namespace/name`` for a gateway as an object of ``namespace`` names it."""
    return gateway if gateway == MESH or "/" in gateway else f"{namespace}/{gateway}"
