"""Sidecars: what the applications of a namespace may call, at the port where they call it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from envoy.config.route.v3 import route_components_pb2

from straightway.api import VirtualService
from straightway.audience import Audience
from straightway.catalog import Catalog
from straightway.catalog.services import (
    CLUSTER_DOMAIN,
    RegisteredService,
    ServicePort,
    candidate_hostnames,
)
from straightway.translate import names
from straightway.translate.clusters import (
    black_hole_cluster,
    inbound_passthrough_cluster,
    passthrough_cluster,
)
from straightway.translate.destinations import Destinations
from straightway.translate.listeners import (
    sidecar_listener,
    virtual_inbound,
    virtual_outbound,
)
from straightway.translate.proxy_config import ProxyConfig
from straightway.translate.route_action import set_default_action
from straightway.translate.routes import (
    MESH,
    Scope,
    VirtualHost,
    gateways_of,
    route_configuration,
    routes_of,
)


def sidecar_config(catalog: Catalog, audience: Audience) -> ProxyConfig:
    """Return the config of the sidecars of a namespace: every HTTP port of every service.

    Other ports need no listener: what no listener claims passes through to where it was going.
    """
    destinations = Destinations(catalog, audience.namespace)
    for service in catalog.services.values():
        destinations.add_service(service)
    config = ProxyConfig(plans=destinations.plans)
    config.static_clusters += [black_hole_cluster(), passthrough_cluster()]
    bindings = _by_hostname(catalog)
    for port, services in sorted(_http_ports(catalog).items()):
        _add_port(config, port, services, bindings, destinations, audience)
    if audience.captured:
        config.static_clusters.append(inbound_passthrough_cluster())
        config.listeners += [virtual_outbound(), virtual_inbound()]
    return config


def _add_port(
    config: ProxyConfig,
    port: int,
    services: list[RegisteredService],
    bindings: Mapping[str, list[VirtualService]],
    destinations: Destinations,
    audience: Audience,
) -> None:
    scope = Scope(port, frozenset({MESH}))
    virtual_hosts = []
    used: set[str] = set()
    for service in services:
        routes = routes_of(bindings.get(service.hostname, ()), scope, destinations)
        if not routes:
            routes = [_default_route(destinations, service, port)]
        domains = [name for name in _domains(service, audience.namespace) if name not in used]
        used.update(domains)
        virtual_hosts.append(
            VirtualHost(name=f"{service.hostname}:{port}", domains=domains, routes=routes)
        )
    for host in sorted(bindings.keys() - used - {s.hostname for s in services}):
        routes = routes_of(bindings[host], scope, destinations)
        if routes:
            used.add(host)
            virtual_hosts.append(VirtualHost(name=f"{host}:{port}", domains=[host], routes=routes))
    if "*" not in used:
        virtual_hosts.append(_anything_else(captured=audience.captured))
    name = names.sidecar_route(port)
    config.routes.append(route_configuration(name, virtual_hosts))
    config.sources[name] = frozenset(
        item.reference for virtual_services in bindings.values() for item in virtual_services
    )
    # Without redirection the application itself must call the sidecar, on the loopback address.
    address = "0.0.0.0" if audience.captured else "127.0.0.1"  # noqa: S104 (binds no port)
    config.listeners.append(sidecar_listener(address, port, name, captured=audience.captured))


def _http_ports(catalog: Catalog) -> dict[int, list[RegisteredService]]:
    found: dict[int, list[RegisteredService]] = {}
    for _, service in sorted(catalog.services.items()):
        for port in service.ports:
            if port.protocol.is_http:
                found.setdefault(port.number, []).append(service)
    return found


def _by_hostname(catalog: Catalog) -> dict[str, list[VirtualService]]:
    """Return the VirtualServices for sidecars by the full hostname of the services they name."""
    found: dict[str, list[VirtualService]] = {}
    for virtual_service in catalog.virtual_services:
        if MESH not in gateways_of(virtual_service):
            continue
        namespace = virtual_service.metadata.namespace
        for host in virtual_service.spec.hosts:
            service = catalog.resolve(host, namespace)
            name = service.hostname if service else next(candidate_hostnames(host, namespace))
            found.setdefault(host if host.startswith("*") else name, []).append(virtual_service)
    return found


def _default_route(
    destinations: Destinations, service: RegisteredService, port: int
) -> route_components_pb2.Route:
    found: ServicePort | None = service.port(port)
    assert found is not None
    route = route_components_pb2.Route(name="default")
    route.match.prefix = "/"
    set_default_action(route, destinations.default_cluster(service, found))
    return route


def _domains(service: RegisteredService, namespace: str) -> Iterator[str]:
    """Yield the names by which an application of ``namespace`` may call a service."""
    yield service.hostname
    local = service.hostname.removesuffix(f".{CLUSTER_DOMAIN}")
    if local != service.hostname:
        if service.namespace == namespace:
            yield local.partition(".")[0]
        yield local
        yield f"{local}.svc"
    # Envoy takes no CIDR range as a domain.
    yield from (address for address in service.addresses if "/" not in address)


def _anything_else(*, captured: bool) -> VirtualHost:
    """Return the virtual host for names that no service has: Istio's ALLOW_ANY.

    Without redirection there is no original destination to pass on to.
    """
    route = route_components_pb2.Route(name="allow_any")
    route.match.prefix = "/"
    set_default_action(route, names.PASSTHROUGH_CLUSTER if captured else names.BLACK_HOLE_CLUSTER)
    return VirtualHost(name="allow_any", domains=["*"], routes=[route])
