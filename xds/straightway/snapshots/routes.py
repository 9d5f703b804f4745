"""Route configurations: encoded virtual hosts, joined.

A virtual host is encoded once for all route configurations that contain it. The version of a route
configuration is a digest of its virtual hosts' digests, so if one of a thousand changes, only that
one is digested again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from operator import itemgetter
from typing import Any, NamedTuple, TypeAlias

from straightway.catalog import keys
from straightway.catalog.blocks import divided
from straightway.discovery import ROUTE_CONFIGURATION, Resource
from straightway.documents import Reference
from straightway.routing import names
from straightway.routing.http import VirtualHost
from straightway.routing.istio.destinations import ClusterKey
from straightway.routing.istio.gateways import EVERY_ADDRESS, BoundPort, hosts_of
from straightway.routing.istio.mesh import hosts_of_no_service
from straightway.routing.istio.rules import View
from straightway.routing.istio.virtual_hosts import (
    Scope,
    anything_else,
    gateway_host,
    other_host,
    service_host,
)
from straightway.snapshots.digest import digest
from straightway.translate.routes import route_configuration, virtual_host
from straightway.units import Call, Reading

Hosts: TypeAlias = tuple[tuple[Any, ...], ...]
"""A block of hosts, each with whatever else identifies its virtual host."""


class EncodedHosts(NamedTuple):
    """Encoded virtual hosts, in parts, and their digest; ``clusters`` are those they name.

    ``name`` is the virtual host's, empty for several.
    """

    name: str
    parts: tuple[bytes, ...]
    digest: bytes
    clusters: frozenset[ClusterKey] = frozenset()


class Routes(NamedTuple):
    """A route configuration, and the clusters that it sends requests to."""

    resource: Resource
    clusters: frozenset[ClusterKey]


# --- Gateways ---------------------------------------------------------------------------------


def gateway_routes(reading: Reading, bound: BoundPort, view: View) -> Routes:
    """Return the routes of a gateway's port."""
    scope = Scope(bound.ports, bound.gateways, view)
    found = _group(
        reading.make(encoded_hosts, encoded_host, block, (scope,))
        for block in reading.make(hosts_of, bound)
    )
    return Routes(_joined(gateway_route_name(bound), [found]), found.clusters)


def gateway_route_name(bound: BoundPort) -> str:
    """Return the name of the routes of a gateway's port."""
    address = "" if bound.address == EVERY_ADDRESS else bound.address
    return names.gateway_route(bound.ports[0], address)


def encoded_host(
    reading: Reading, host: str, virtual_services: tuple[Reference, ...], scope: Scope
) -> EncodedHosts | None:
    """Return a gateway's encoded virtual host for a host, or None if it has no rules."""
    routed = gateway_host(reading, host, virtual_services, scope)
    return None if routed is None else _encoded(routed.virtual_host, routed.clusters)


# --- Sidecars ---------------------------------------------------------------------------------


def sidecar_routes(
    reading: Reading, port: int, namespace: str, view: View, captured: bool
) -> Resource:
    """Return the routes of sidecars at a port.

    ``namespace`` is that of the sidecars if it has services at the port, else empty.
    """
    found = []
    for block in reading.make(namespace_blocks, port):
        if namespace not in block:
            found.append(reading.make(encoded_namespaces, port, block, view))
        else:
            found += [
                reading.make(encoded_namespace, port, each, view, each == namespace)
                for each in block
            ]
    others = reading.make(encoded_others, port, view, captured)
    return _joined(names.sidecar_route(port), [*found, others])


def namespace_blocks(reading: Reading, port: int) -> tuple[tuple[str, ...], ...]:
    """Return the namespaces with services at a port, in blocks."""
    return divided(sorted(reading.values(keys.http_namespaces(port))), str)


def encoded_namespaces(
    reading: Reading, port: int, block: tuple[str, ...], view: View
) -> EncodedHosts:
    """Return the virtual hosts of all services of a block of namespaces, for sidecars elsewhere."""
    return _group(reading.make(encoded_namespace, port, each, view, False) for each in block)


def encoded_namespace(
    reading: Reading, port: int, namespace: str, view: View, is_local: bool
) -> EncodedHosts:
    """Return the virtual hosts of all services of a namespace at a port."""
    rest = (port, view, is_local)
    return _group(
        reading.make(encoded_hosts, encoded_service_host, block, rest)
        for block in reading.make(service_blocks, port, namespace)
    )


def service_blocks(reading: Reading, port: int, namespace: str) -> tuple[Hosts, ...]:
    """Return the services of a namespace at a port, in blocks."""
    hostnames = reading.hostnames(keys.http_services(port, namespace))
    return divided([(hostname,) for hostname in hostnames], itemgetter(0))


def encoded_others(reading: Reading, port: int, view: View, captured: bool) -> EncodedHosts:
    """Return the virtual hosts for everything that no service has."""
    found = [
        reading.make(encoded_hosts, encoded_other_host, block, (port, view))
        for block in reading.make(other_blocks)
    ]
    if _host(reading, Call(encoded_other_host, ("*", port, view))) is None:
        found.append(_encoded(anything_else(captured=captured)))
    return _group(found)


def other_blocks(reading: Reading) -> tuple[Hosts, ...]:
    """Return the hosts that no service has, in blocks."""
    return divided([(host,) for host in reading.make(hosts_of_no_service)], itemgetter(0))


def encoded_service_host(
    reading: Reading, hostname: str, port: int, view: View, is_local: bool
) -> EncodedHosts | None:
    """Return the sidecars' encoded virtual host for a service, or None."""
    host = service_host(reading, hostname, port, view, local=is_local)
    return _encoded(host) if host is not None else None


def encoded_other_host(reading: Reading, host: str, port: int, view: View) -> EncodedHosts | None:
    """Return the sidecars' encoded virtual host for a host without a service, if it has rules."""
    found = other_host(reading, host, port, view)
    return _encoded(found) if found is not None else None


# --- Both -------------------------------------------------------------------------------------


def _host(reading: Reading, call: Call) -> EncodedHosts | None:
    """Return a virtual host, or none if a bug prevents it."""
    host: EncodedHosts | None = reading.value_or_none(call)
    return host


def _encoded(host: VirtualHost, clusters: frozenset[ClusterKey] = frozenset()) -> EncodedHosts:
    body = virtual_host(host)
    return EncodedHosts(host.name, (body,), digest([body]), clusters)


def encoded_hosts(
    reading: Reading, make: Callable[..., EncodedHosts | None], block: Hosts, rest: tuple[Any, ...]
) -> EncodedHosts:
    """Return the joined virtual hosts of a block, each the unit ``make`` of a host and ``rest``.

    A virtual host that cannot be made because of a bug is left out.
    """
    found = (_host(reading, Call(make, (*host, *rest))) for host in block)
    group = _group(encoded for encoded in found if encoded is not None)
    return group._replace(parts=(b"".join(group.parts),))


def _group(hosts: Iterable[EncodedHosts]) -> EncodedHosts:
    """Return several virtual hosts, or groups of them, as one. Nothing is copied."""
    hosts = list(hosts)
    return EncodedHosts(
        name="",
        parts=tuple([part for host in hosts for part in host.parts]),
        digest=digest([host.digest for host in hosts]),
        clusters=frozenset[ClusterKey]().union(*[host.clusters for host in hosts]),
    )


def _joined(name: str, hosts: Iterable[EncodedHosts]) -> Resource:
    group = _group(hosts)
    parts = route_configuration(name, group.parts)
    return Resource.encoded(name, ROUTE_CONFIGURATION, *parts, version=group.digest.hex())
