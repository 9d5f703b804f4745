"""Routes: the virtual hosts of a gateway's or sidecar's port."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from envoy.config.route.v3 import route_components_pb2, route_pb2

from straightway.api import VirtualService
from straightway.api.virtual_service import HttpMatch, HttpRoute
from straightway.catalog.gateways import MESH, gateway_name
from straightway.translate import subsets
from straightway.translate.destinations import Destinations
from straightway.translate.route_action import set_action, set_hash_policy
from straightway.translate.route_match import matches_everything, route_match

Route: TypeAlias = route_components_pb2.Route
VirtualHost: TypeAlias = route_components_pb2.VirtualHost
RouteConfiguration: TypeAlias = route_pb2.RouteConfiguration


@dataclass(frozen=True, slots=True)
class Scope:
    """Where routes stand: the ports that clients call, and the gateways that serve them.

    ``gateways`` are ``namespace/name``, or ``mesh`` for sidecars.
    """

    ports: frozenset[int]
    gateways: frozenset[str]


def gateways_of(virtual_service: VirtualService) -> frozenset[str]:
    """Return the gateways that a VirtualService binds to; ``mesh`` where it names none."""
    namespace = virtual_service.metadata.namespace
    named = virtual_service.spec.gateways or (MESH,)
    return frozenset(gateway_name(gateway, namespace) for gateway in named)


def routes_of(
    virtual_services: Iterable[VirtualService], scope: Scope, destinations: Destinations
) -> list[Route]:
    """Return the routes of one host's VirtualServices, in the order of these.

    What matches every request goes last, so that it hides no rule of another VirtualService.
    """
    routes: list[Route] = []
    catch_all: Route | None = None
    for virtual_service in virtual_services:
        for route in _routes(virtual_service, scope, destinations):
            if matches_everything(route.match):
                catch_all = catch_all or route
                break
            routes.append(route)
    return [*routes, catch_all] if catch_all else routes


def _routes(
    virtual_service: VirtualService, scope: Scope, destinations: Destinations
) -> Iterator[Route]:
    namespace = virtual_service.metadata.namespace
    for http in virtual_service.spec.http:
        if not http.is_left_out:
            for match in _matches(http, scope, namespace):
                yield _route(http, match, namespace, destinations)


def _matches(http: HttpRoute, scope: Scope, namespace: str) -> Iterator[HttpMatch | None]:
    if not http.match:
        yield None
    for match in http.match:
        if match.is_left_out or match.port not in (None, *scope.ports):
            continue
        gateways = {gateway_name(gateway, namespace) for gateway in match.gateways}
        if not gateways or gateways & scope.gateways:
            yield match


def _route(
    http: HttpRoute, match: HttpMatch | None, namespace: str, destinations: Destinations
) -> Route:
    name = ".".join(part for part in (http.name, match.name if match else None) if part)
    route = Route(name=name, match=route_match(match))
    set_action(route, http, match, lambda item: destinations.cluster(item, namespace))
    if route.HasField("route"):
        _set_hashing(route.route, destinations)
        if http.header_to_dynamic_subset_key:
            config = subsets.header_rules(http.header_to_dynamic_subset_key)
            route.typed_per_filter_config[subsets.FILTER_NAME].Pack(config, deterministic=True)
    return route


def _set_hashing(action: route_components_pb2.RouteAction, destinations: Destinations) -> None:
    weighted = [cluster.name for cluster in action.weighted_clusters.clusters]
    for cluster in weighted or [action.cluster]:
        if (consistent_hash := destinations.consistent_hash(cluster)) is not None:
            set_hash_policy(action, consistent_hash)
            return


def route_configuration(name: str, virtual_hosts: Sequence[VirtualHost]) -> RouteConfiguration:
    """Return the routes of one port, ready to be asked for by RDS."""
    # A cluster may be on its way while its routes are here: xDS is eventually consistent.
    configuration = RouteConfiguration(name=name, virtual_hosts=virtual_hosts)
    configuration.validate_clusters.value = False
    # `foo.com:8008` is the host `foo.com`.
    configuration.ignore_port_in_host_matching = True
    return configuration
