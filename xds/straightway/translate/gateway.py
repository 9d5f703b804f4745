"""Gateways: the listeners and routes of the proxies that a Gateway's selector chooses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from straightway.api import Gateway, GrpcJsonTranscoder, VirtualService
from straightway.api.gateway import Server
from straightway.catalog import Catalog
from straightway.catalog.hosts import common_hosts
from straightway.proxies.audience import Audience
from straightway.routing.http import VirtualHost
from straightway.routing.listeners import HttpListener
from straightway.translate import names, transcoding
from straightway.translate.clusters import black_hole_cluster
from straightway.translate.destinations import Destinations
from straightway.translate.listeners import HttpFilter, http_listener
from straightway.translate.proxy_config import ProxyConfig
from straightway.translate.routes import RouteConfiguration
from straightway.translate.scope import Scope, configuration, gateways_of, rules_for

EVERY_ADDRESS = "0.0.0.0"  # noqa: S104 (a gateway is there to be reached; Gateway.bind narrows it)


@dataclass(frozen=True, slots=True)
class _BoundServer:
    """A server of a Gateway that the audience serves."""

    gateway: Gateway
    server: Server

    @property
    def gateway_name(self) -> str:
        return f"{self.gateway.metadata.namespace}/{self.gateway.metadata.name}"


def gateway_config(catalog: Catalog, audience: Audience) -> ProxyConfig:
    """Return the config of a gateway: a listener with its routes for each port that it binds."""
    destinations = Destinations(catalog, audience.namespace)
    config = ProxyConfig(plans=destinations.plans, static_clusters=[black_hole_cluster()])
    bindings = _by_gateway(catalog.virtual_services)
    for (address, port), servers in sorted(_servers(catalog, audience).items()):
        scope = Scope(
            frozenset(bound.server.port.number for bound in servers),
            frozenset(bound.gateway_name for bound in servers),
        )
        route = _route_name(scope, address)
        by_host = _by_host(servers, bindings)
        config.routes.append(_routes(route, scope, by_host, destinations))
        config.sources[route] = frozenset(
            item.reference for virtual_services in by_host.values() for item in virtual_services
        )
        transcoders = _transcoders(catalog.transcoders, audience, scope)
        filters = [
            HttpFilter(
                transcoding.FILTER_NAME,
                transcoding.transcoder_filter(transcoder),
                transcoder.spec.transcode_first,
            )
            for transcoder in transcoders
        ]
        listener = http_listener(HttpListener(address, port, route), filters)
        config.listeners.append(listener)
        config.sources[listener.name] = frozenset(bound.gateway.reference for bound in servers)
    return config


def _servers(catalog: Catalog, audience: Audience) -> dict[tuple[str, int], list[_BoundServer]]:
    """Return the HTTP servers for the audience by the address and the port that Envoy binds."""
    labels = dict(audience.labels)
    found: dict[tuple[str, int], list[_BoundServer]] = {}
    for gateway in catalog.gateways:
        if _selects(gateway.spec.selector, labels):
            for server in gateway.spec.servers:
                if server.is_http:
                    port = _bound_port(catalog, audience, server.port.number)
                    key = (server.bind or EVERY_ADDRESS, port)
                    found.setdefault(key, []).append(_BoundServer(gateway, server))
    return found


def _route_name(scope: Scope, address: str) -> str:
    return names.gateway_route(min(scope.ports), "" if address == EVERY_ADDRESS else address)


def _routes(
    name: str,
    scope: Scope,
    by_host: Mapping[str, list[VirtualService]],
    destinations: Destinations,
) -> RouteConfiguration:
    virtual_hosts = [
        VirtualHost(f"{host}:{min(scope.ports)}", (host,), rules)
        for host, virtual_services in sorted(by_host.items())
        if (rules := rules_for(virtual_services, scope, destinations))
    ]
    return configuration(name, virtual_hosts)


def _selects(selector: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    return all(labels.get(key) == value for key, value in selector.items())


def _by_gateway(virtual_services: Iterable[VirtualService]) -> dict[str, list[VirtualService]]:
    found: dict[str, list[VirtualService]] = {}
    for virtual_service in virtual_services:
        for gateway in gateways_of(virtual_service):
            found.setdefault(gateway, []).append(virtual_service)
    return found


def _by_host(
    servers: Iterable[_BoundServer], bindings: Mapping[str, list[VirtualService]]
) -> dict[str, list[VirtualService]]:
    """Return the VirtualServices of each host that the servers serve, each once."""
    found: dict[str, dict[int, VirtualService]] = {}
    for bound in servers:
        for virtual_service in bindings.get(bound.gateway_name, ()):
            for host in common_hosts(bound.gateway, bound.server, virtual_service):
                found.setdefault(host, {})[id(virtual_service)] = virtual_service
    return {host: list(virtual_services.values()) for host, virtual_services in found.items()}


def _transcoders(
    transcoders: Iterable[GrpcJsonTranscoder], audience: Audience, scope: Scope
) -> list[GrpcJsonTranscoder]:
    """Return the usable transcoders for the server ports of one listener."""
    return [
        transcoder
        for transcoder in transcoders
        if transcoder.spec.is_gateway
        and transcoder.spec.port_number in (None, *scope.ports)
        and transcoder.metadata.namespace == audience.namespace
        and _selects(transcoder.spec.workload_selector, dict(audience.labels))
        and transcoding.missing_services(transcoder) == []
    ]


def _bound_port(catalog: Catalog, audience: Audience, port: int) -> int:
    """Return the port that Envoy binds for a server's port.

    As in Istio: where a Service selects the gateway's own workload, clients call the Service's
    port, and the workload listens at that port's ``targetPort``.
    """
    labels = dict(audience.labels)
    for service in catalog.services_selecting(audience.namespace, labels):
        found = service.port(port)
        if found is not None and isinstance(found.target, int):
            return found.target
    return port
