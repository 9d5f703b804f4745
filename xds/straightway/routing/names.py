"""The names of resources, as Envoy users know them from Istio."""

from __future__ import annotations

BLACK_HOLE_CLUSTER = "BlackHoleCluster"
PASSTHROUGH_CLUSTER = "PassthroughCluster"
INBOUND_PASSTHROUGH_CLUSTER = "InboundPassthroughCluster"
VIRTUAL_OUTBOUND = "virtualOutbound"
VIRTUAL_INBOUND = "virtualInbound"


def outbound_cluster(hostname: str, port: int, subset: str = "") -> str:
    """Return ``outbound|8033|v1|reviews.default.svc.cluster.local``."""
    return f"outbound|{port}|{subset}|{hostname}"


def part_of(cluster: str, part: str) -> str:
    """Return the name of a cluster that another one is made of: ``outbound|8033|v1~any|reviews…``.

    The mark stands before the host, so that what reads hosts and ports from names still does.
    """
    direction, port, subset, hostname = cluster.split("|", 3)
    return f"{direction}|{port}|{subset}~{part}|{hostname}"


def listener(address: str, port: int) -> str:
    """Return ``0.0.0.0_8008``."""
    return f"{address}_{port}"


def gateway_route(port: int, bind: str = "") -> str:
    """Return the name of a gateway's routes for a server port: ``http.8008``.

    Servers with an address of their own have routes of their own: ``http.8008.127.0.0.1``.
    """
    return f"http.{port}.{bind}" if bind else f"http.{port}"


def sidecar_route(port: int) -> str:
    """Return the name of a sidecar's routes for a service port: ``8033``."""
    return str(port)
