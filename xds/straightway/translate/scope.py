"""Where rules stand, and which VirtualServices hold there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

from straightway.api import VirtualService
from straightway.api.virtual_service import HttpMatch
from straightway.catalog.gateways import MESH, gateway_name
from straightway.routing.http import Rule, VirtualHost, in_order
from straightway.routing.istio import rules_of
from straightway.translate.destinations import Destinations
from straightway.translate.routes import RouteConfiguration, route_configuration, virtual_host


@dataclass(frozen=True, slots=True)
class Scope:
    """Where rules stand: the ports that clients call, and the gateways that serve them.

    ``gateways`` are ``namespace/name``, or ``mesh`` for sidecars.
    """

    ports: frozenset[int]
    gateways: frozenset[str]

    def holds(self, namespace: str, match: HttpMatch) -> bool:
        """Whether a match in an object of ``namespace`` holds here."""
        if match.port not in (None, *self.ports):
            return False
        gateways = {gateway_name(gateway, namespace) for gateway in match.gateways}
        return not gateways or bool(gateways & self.gateways)


def gateways_of(virtual_service: VirtualService) -> frozenset[str]:
    """Return the gateways that a VirtualService binds to; ``mesh`` where it names none."""
    namespace = virtual_service.metadata.namespace
    named = virtual_service.spec.gateways or (MESH,)
    return frozenset(gateway_name(gateway, namespace) for gateway in named)


def rules_for(
    virtual_services: Iterable[VirtualService], scope: Scope, destinations: Destinations
) -> tuple[Rule, ...]:
    """Return the rules of one host's VirtualServices."""
    return in_order(
        rules_of(
            virtual_service.spec,
            partial(scope.holds, virtual_service.metadata.namespace),
            partial(destinations.target, namespace=virtual_service.metadata.namespace),
        )
        for virtual_service in virtual_services
    )


def configuration(name: str, hosts: Iterable[VirtualHost]) -> RouteConfiguration:
    """Return a route configuration as a message."""
    encoded = route_configuration(name, map(virtual_host, hosts))
    message: RouteConfiguration = RouteConfiguration.FromString(encoded)
    return message
