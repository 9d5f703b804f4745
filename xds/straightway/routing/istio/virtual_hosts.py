"""Virtual hosts: the rules that VirtualServices give for one host, with destinations resolved."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from straightway.api import VirtualService
from straightway.api.virtual_service import Destination, HttpMatch
from straightway.catalog.gateways import MESH, gateway_name
from straightway.documents import Reference
from straightway.routing import names
from straightway.routing.clusters import COMPOSITE
from straightway.routing.http import EVERY_REQUEST, Rule, VirtualHost, in_order
from straightway.routing.istio.clusters import cluster_name, hash_key_of, leaving_of, missing_of
from straightway.routing.istio.destinations import ClusterKey, key_of, service_key
from straightway.routing.istio.mesh import (
    domains_of,
    is_address_taken,
    mesh_routes,
)
from straightway.routing.istio.routes import Target, forward_to, rules_of
from straightway.routing.istio.rules import View
from straightway.units import Reading


class Scope(NamedTuple):
    """The scope of routes: the ports that clients call, sorted, and who serves them.

    ``gateways`` are ``namespace/name``, or ``mesh`` for sidecars; ``view`` is that of the proxies.
    """

    ports: tuple[int, ...]
    gateways: frozenset[str]
    view: View


class Routed(NamedTuple):
    """A virtual host, and the clusters that its rules send requests to."""

    virtual_host: VirtualHost
    clusters: frozenset[ClusterKey]


def mesh_scope(port: int, view: View) -> Scope:
    """Return the scope of sidecars at a port."""
    return Scope((port,), frozenset({MESH}), view)


def gateway_host(
    reading: Reading, host: str, virtual_services: tuple[Reference, ...], scope: Scope
) -> Routed | None:
    """Return a gateway's virtual host for a host, or None if nothing is routed there."""
    resolver = _Resolver(reading, scope)
    rules = resolver.rules(virtual_services)
    if not rules:
        return None
    name = f"{host}:{scope.ports[0]}"
    return Routed(VirtualHost(name, (host,), rules), frozenset(resolver.clusters))


def service_host(
    reading: Reading, hostname: str, port: int, view: View, *, local: bool
) -> VirtualHost | None:
    """Return the sidecars' virtual host for a service at a port, or None.

    ``local``: the sidecars are in the service's namespace, where its short name resolves to it.
    """
    service = reading.service(hostname)
    if service is None or service.port(port) is None:
        return None
    rules = _Resolver(reading, mesh_scope(port, view)).rules(mesh_routes(reading, hostname))
    if not rules:
        cluster = cluster_name(service_key(reading, hostname, port, view))
        rules = (Rule(EVERY_REQUEST, forward_to(cluster), name="default"),)
    domains = domains_of(reading, service, port, local=local)
    return VirtualHost(f"{hostname}:{port}", domains, rules)


def other_host(reading: Reading, host: str, port: int, view: View) -> VirtualHost | None:
    """Return the sidecars' virtual host for a host that no service has, or None."""
    if is_address_taken(reading, host, port):
        return None
    rules = _Resolver(reading, mesh_scope(port, view)).rules(mesh_routes(reading, host))
    return VirtualHost(f"{host}:{port}", (host,), rules) if rules else None


def anything_else(*, captured: bool) -> VirtualHost:
    """Return the virtual host for names that no service has: Istio's ALLOW_ANY.

    Without redirection there is no original destination to pass requests through to.
    """
    cluster = names.PASSTHROUGH_CLUSTER if captured else names.BLACK_HOLE_CLUSTER
    rule = Rule(EVERY_REQUEST, forward_to(cluster), name="allow_any")
    return VirtualHost("allow_any", ("*",), (rule,))


class _Resolver:
    """Resolves destinations to clusters, and records the clusters."""

    def __init__(self, reading: Reading, scope: Scope) -> None:
        self.clusters: set[ClusterKey] = set()
        self._reading = reading
        self._scope = scope

    def rules(self, virtual_services: Iterable[Reference]) -> tuple[Rule, ...]:
        """Return the rules of VirtualServices for one host, in their order."""
        found = (self._reading.object(VirtualService, each) for each in virtual_services)
        return in_order(self._rules_of(each) for each in found if each is not None)

    def _rules_of(self, virtual_service: VirtualService) -> Iterable[Rule]:
        namespace, scope = virtual_service.metadata.namespace, self._scope

        def holds(match: HttpMatch) -> bool:
            gateways = {gateway_name(gateway, namespace) for gateway in match.gateways}
            at_port = match.port is None or match.port in scope.ports
            return at_port and not (gateways and gateways.isdisjoint(scope.gateways))

        def target_of(destination: Destination) -> Target:
            return self._target(destination, namespace)

        return rules_of(virtual_service.spec, holds, target_of)

    def _target(self, destination: Destination, namespace: str) -> Target:
        reading, scope = self._reading, self._scope
        key = key_of(reading, destination, namespace, scope.ports[0], scope.view)
        if key is None:
            # It answers with 503: routes must not name a cluster that Envoy does not have.
            return Target(names.BLACK_HOLE_CLUSTER)
        self.clusters.add(key)
        name, hash_on = cluster_name(key), reading.make(hash_key_of, key)
        if not scope.view.leaves_subsets:
            return Target(name, hash_on)
        leaving, missing = reading.make(leaving_of, key), reading.make(missing_of, key)
        if leaving is not None:
            name = names.part_of(name, COMPOSITE)
        return Target(name, hash_on, leaving, missing)
