"""Which service a host means, and which port a destination means."""

from __future__ import annotations

from straightway.api.virtual_service import Destination
from straightway.catalog import RegisteredService, ServicePort
from straightway.catalog.services import candidate_hostnames
from straightway.units import Reading

_LONGEST_CHAIN = 8


def resolve(reading: Reading, host: str, namespace: str) -> RegisteredService | None:
    """Return the service that ``host`` means in an object of ``namespace``, or None.

    An ExternalName without ports is an alias of the service behind it.
    """
    for hostname in candidate_hostnames(host, namespace):
        if (service := reading.service(hostname)) is not None:
            return _behind(reading, service)
    return None


def _behind(reading: Reading, service: RegisteredService) -> RegisteredService:
    named = service
    for _ in range(_LONGEST_CHAIN):
        target = reading.service(service.alias_of) if service.alias_of else None
        if target is None:
            return service
        service = target
    return named  # The aliases form a cycle.


def hostname_of(reading: Reading, host: str, namespace: str) -> str:
    """Return the hostname (or wildcard) that ``host`` means, whether or not the service exists."""
    candidates = list(candidate_hostnames(host, namespace))
    return next((name for name in candidates if reading.service(name)), candidates[0])


def port_of(
    service: RegisteredService, destination: Destination, listener_port: int
) -> ServicePort | None:
    """Return the port of a destination, or None if the service has no such port.

    As in Istio, a destination without a port means the only port of its service or, if there are
    several, the one that the client called.
    """
    if destination.port is not None:
        return service.port(destination.port.number)
    if len(service.ports) == 1:
        return service.ports[0]
    return service.port(listener_port)
