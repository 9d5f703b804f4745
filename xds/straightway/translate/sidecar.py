"""Sidecars: what the applications of a namespace may call, at the port where they call it."""

from __future__ import annotations

from collections.abc import Iterator

from straightway.api import VirtualService
from straightway.catalog import Catalog
from straightway.catalog.gateways import MESH
from straightway.catalog.hosts import covers
from straightway.catalog.services import (
    CLUSTER_DOMAIN,
    RegisteredService,
    ServicePort,
    candidate_hostnames,
)
from straightway.documents import Reference
from straightway.proxies.audience import Audience
from straightway.routing.http import EVERY_REQUEST, Rule, VirtualHost
from straightway.routing.istio import forward_to
from straightway.routing.listeners import HttpListener, Side
from straightway.translate import names
from straightway.translate.clusters import (
    black_hole_cluster,
    inbound_passthrough_cluster,
    passthrough_cluster,
)
from straightway.translate.destinations import Destinations
from straightway.translate.listeners import (
    CAPTURING_PORTS,
    http_listener,
    virtual_inbound,
    virtual_outbound,
)
from straightway.translate.proxy_config import ProxyConfig
from straightway.translate.scope import Scope, configuration, gateways_of, rules_for


class _Bindings:
    """The VirtualServices for sidecars, by the full hostnames (or wildcards) that they name."""

    def __init__(self, catalog: Catalog) -> None:
        self._by_host: dict[str, list[VirtualService]] = {}
        for virtual_service in catalog.virtual_services:
            if MESH in gateways_of(virtual_service):
                for host in virtual_service.spec.hosts:
                    self._add(catalog, host, virtual_service)
        wildcards = (host for host in self._by_host if host.startswith("*"))
        self._wildcards = sorted(wildcards, key=len, reverse=True)
        self.hosts_of_no_service = sorted(self._by_host.keys() - catalog.services.keys())

    def _add(self, catalog: Catalog, host: str, virtual_service: VirtualService) -> None:
        namespace = virtual_service.metadata.namespace
        service = catalog.resolve(host, namespace)
        name = service.hostname if service else next(candidate_hostnames(host, namespace))
        bound = self._by_host.setdefault(name, [])
        if virtual_service not in bound[-1:]:  # It may name one host in two ways.
            bound.append(virtual_service)

    def of(self, host: str) -> list[VirtualService]:
        """Return those for a host: what names it, else what has the longest wildcard for it."""
        if host in self._by_host:
            return self._by_host[host]
        covering = (wildcard for wildcard in self._wildcards if covers(wildcard, host))
        return self._by_host.get(next(covering, ""), [])


def sidecar_config(catalog: Catalog, audience: Audience) -> ProxyConfig:
    """Return the config of the sidecars of a namespace: every HTTP port of every service.

    Other ports need no listener: what no listener claims passes through to where it was going.
    """
    destinations = Destinations(catalog, audience.namespace)
    for service in catalog.services.values():
        destinations.add_service(service)
    config = ProxyConfig(plans=destinations.plans)
    config.static_clusters += [black_hole_cluster(), passthrough_cluster()]
    bindings = _Bindings(catalog)
    for port, services in sorted(_http_ports(catalog).items()):
        if not (audience.captured and port in CAPTURING_PORTS):
            _add_port(config, port, services, bindings, destinations, audience)
    if audience.captured:
        config.static_clusters.append(inbound_passthrough_cluster())
        config.listeners += [virtual_outbound(), virtual_inbound()]
    return config


def _add_port(
    config: ProxyConfig,
    port: int,
    services: list[RegisteredService],
    bindings: _Bindings,
    destinations: Destinations,
    audience: Audience,
) -> None:
    scope = Scope(frozenset({port}), frozenset({MESH}))
    virtual_hosts = []
    sources: set[Reference] = set()
    # Envoy takes no domain twice, and a service's hostname goes before another's further names.
    used = {service.hostname for service in services}
    for service in services:
        virtual_services = bindings.of(service.hostname)
        sources.update(item.reference for item in virtual_services)
        rules = rules_for(virtual_services, scope, destinations)
        if not rules:
            rules = (_default_rule(destinations, service, port),)
        aliases = dict.fromkeys(_aliases(service, audience.namespace))
        domains = (service.hostname, *(name for name in aliases if name not in used))
        used.update(aliases)
        virtual_hosts.append(VirtualHost(f"{service.hostname}:{port}", domains, rules))
    for host in bindings.hosts_of_no_service:
        virtual_services = bindings.of(host)
        rules = rules_for(virtual_services, scope, destinations) if host not in used else ()
        if rules:
            used.add(host)
            sources.update(item.reference for item in virtual_services)
            virtual_hosts.append(VirtualHost(f"{host}:{port}", (host,), rules))
    if "*" not in used:
        virtual_hosts.append(_anything_else(captured=audience.captured))
    name = names.sidecar_route(port)
    config.routes.append(configuration(name, virtual_hosts))
    config.sources[name] = frozenset(sources)
    # Without redirection the application itself must call the sidecar, on the loopback address.
    address = "0.0.0.0" if audience.captured else "127.0.0.1"  # noqa: S104 (binds no port)
    value = HttpListener(address, port, name, Side.APPLICATION, captured=audience.captured)
    config.listeners.append(http_listener(value))


def _http_ports(catalog: Catalog) -> dict[int, list[RegisteredService]]:
    found: dict[int, list[RegisteredService]] = {}
    for _, service in sorted(catalog.services.items()):
        for port in service.ports:
            if port.protocol.is_http:
                found.setdefault(port.number, []).append(service)
    return found


def _default_rule(destinations: Destinations, service: RegisteredService, port: int) -> Rule:
    found: ServicePort | None = service.port(port)
    assert found is not None
    cluster = destinations.default_cluster(service, found)
    return Rule(EVERY_REQUEST, forward_to(cluster), "default")


def _aliases(service: RegisteredService, namespace: str) -> Iterator[str]:
    """Yield further names by which an application of ``namespace`` may call a service."""
    local = service.hostname.removesuffix(f".{CLUSTER_DOMAIN}")
    if local != service.hostname:
        if service.namespace == namespace:
            yield local.partition(".")[0]
        yield local
        yield f"{local}.svc"
    for address in service.addresses:
        # A CIDR range is no domain.
        if "/" not in address:
            yield f"[{address}]" if ":" in address else address


def _anything_else(*, captured: bool) -> VirtualHost:
    """Return the virtual host for names that no service has: Istio's ALLOW_ANY.

    Without redirection there is no original destination to pass on to.
    """
    cluster = names.PASSTHROUGH_CLUSTER if captured else names.BLACK_HOLE_CLUSTER
    rule = Rule(EVERY_REQUEST, forward_to(cluster), "allow_any")
    return VirtualHost("allow_any", ("*",), (rule,))
