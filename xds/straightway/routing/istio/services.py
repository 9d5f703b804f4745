"""Which service a host means, and which port a destination means."""

from __future__ import annotations

from straightway.api.virtual_service import Destination
from straightway.catalog import RegisteredService, ServicePort
from straightway.catalog.services import candidate_hostnames
from straightway.units import Reading


def resolve(reading: Reading, host: str, namespace: str) -> RegisteredService | None:
    """Return the service that ``host`` means in an object of ``namespace``, or None.

    An ExternalName without ports is an alias of the service behind it.
    """
    service = named(reading, host, namespace)
    return behind(reading, service) if service is not None else None


def named(reading: Reading, host: str, namespace: str) -> RegisteredService | None:
    """Return the service, which may be an alias, that has this name in ``namespace``."""
    found = map(reading.service, candidate_hostnames(host, namespace))
    return next((service for service in found if service is not None), None)


def behind(reading: Reading, service: RegisteredService) -> RegisteredService:
    """Return the service that an alias stands for, through other aliases; any other is itself.

    It is the last alias of the chain if there is no service behind that, and the alias itself if
    the chain is a cycle.
    """
    last, seen = service, {service.hostname}
    while last.alias_of and (target := reading.service(last.alias_of)) is not None:
        if target.hostname in seen:
            return service
        seen.add(target.hostname)
        last = target
    return last


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
