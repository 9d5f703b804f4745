"""Hosts: the names that a Gateway's server and a VirtualService have in common."""

from __future__ import annotations

from collections.abc import Iterator

from straightway.api import Gateway, VirtualService
from straightway.api.gateway import Server


def common_hosts(
    gateway: Gateway, server: Server, virtual_service: VirtualService
) -> Iterator[str]:
    """Yield the hosts at which a server serves a VirtualService."""
    for pattern in admitted_hosts(gateway, server, virtual_service.metadata.namespace):
        for host in virtual_service.spec.hosts:
            if (common := intersection(pattern, host)) is not None:
                yield common


def admitted_hosts(gateway: Gateway, server: Server, namespace: str) -> Iterator[str]:
    """Yield the host patterns at which a server admits the VirtualServices of a namespace.

    A server's host may be ``namespace/host`` (``.``: the Gateway's own, ``*``: every namespace),
    which admits only the VirtualServices of that namespace.
    """
    for entry in server.hosts:
        admitted, _, pattern = entry.rpartition("/")
        if admitted == ".":
            admitted = gateway.metadata.namespace
        if admitted in ("", "*", namespace):
            yield pattern


def intersection(first: str, second: str) -> str | None:
    """Return the narrower of two host patterns if the other covers it, else None."""
    if covers(first, second):
        return second
    return first if covers(second, first) else None


def covers(pattern: str, host: str) -> bool:
    """Whether a pattern (``*``, ``*.example.com`` or a name) admits all of a host pattern."""
    if not pattern.startswith("*"):
        return pattern == host
    if host.startswith("*"):
        return host.endswith(pattern[1:])
    # Envoy: the `*` in `*-a.example.com` stands for at least one character.
    return host.endswith(pattern[1:]) and len(host) >= len(pattern)
