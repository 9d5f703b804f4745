"""The mesh: which VirtualServices route a sidecar's requests for a host."""

from __future__ import annotations

from collections.abc import Iterator

from straightway.api import VirtualService
from straightway.catalog import RegisteredService, keys
from straightway.catalog.hosts import covers
from straightway.catalog.services import CLUSTER_DOMAIN, candidate_hostnames
from straightway.documents import Reference
from straightway.routing.istio.services import resolve
from straightway.units import Reading


def mesh_routes(reading: Reading, host: str) -> tuple[Reference, ...]:
    """Return those for a hostname: those that name it, or else those with its longest wildcard."""
    named = tuple(
        reference
        for reference in reading.objects(keys.for_mesh_host(host))
        if reading.make(_means, reference, host)
    )
    if named:
        return named
    for wildcard in reading.make(_mesh_wildcards):
        if wildcard != host and covers(wildcard, host):
            return reading.make(mesh_routes, wildcard)
    return ()


def _means(reading: Reading, reference: Reference, hostname: str) -> bool:
    """Whether a VirtualService has a host that means this hostname (or wildcard)."""
    virtual_service = reading.object(VirtualService, reference)
    if virtual_service is None:
        return False
    namespace = reference.namespace
    for host in virtual_service.spec.hosts:
        if hostname in candidate_hostnames(host, namespace):
            service = resolve(reading, host, namespace)
            meant = service.hostname if service else next(candidate_hostnames(host, namespace))
            if meant == hostname:
                return True
    return False


def _mesh_wildcards(reading: Reading) -> tuple[str, ...]:
    """Return the wildcards that VirtualServices for sidecars name, the longest first."""
    wildcards = (host for host in reading.values(keys.MESH_HOSTS) if host.startswith("*"))
    return tuple(sorted(wildcards, key=lambda host: (-len(host), host)))


def hosts_of_no_service(reading: Reading) -> tuple[str, ...]:
    """Return the hosts that VirtualServices for sidecars name and that no service has, sorted."""
    return tuple(
        host
        for host in sorted(reading.values(keys.MESH_HOSTS))
        if all(reading.service(name) is None for name in candidate_hostnames(host, ""))
    )


def domains_of(
    reading: Reading, service: RegisteredService, port: int, *, local: bool
) -> tuple[str, ...]:
    """Return the names by which applications call a service at a port, its hostname first.

    ``local``: they are in its own namespace. Envoy rejects duplicate domains: a service's hostname
    takes precedence over another's additional names, and an address belongs to its first service.
    """
    names = [service.hostname]
    names += [
        name
        for name in _further_names(reading, service, local=local)
        if not _is_taken(reading, name, service, port)
    ]
    names += [
        f"[{address}]" if ":" in address else address
        for address in service.addresses
        # A CIDR range is not a domain.
        if "/" not in address
        and _owner(reading, address, port) == service.hostname
        and not _is_taken(reading, address, service, port)
    ]
    return tuple(dict.fromkeys(names))


def _further_names(reading: Reading, service: RegisteredService, *, local: bool) -> Iterator[str]:
    yield from _short_names(service, local=local)
    for named in _aliases(reading, service):
        yield named.hostname
        yield from _short_names(named, local=local and named.namespace == service.namespace)


def _aliases(reading: Reading, service: RegisteredService) -> Iterator[RegisteredService]:
    """Yield the aliases of a service, and their aliases."""
    pending, seen = [service.hostname], {service.hostname}
    while pending:
        for hostname in reading.hostnames(keys.aliases_of(pending.pop(0))):
            named = reading.service(hostname)
            if named is not None and hostname not in seen:
                seen.add(hostname)
                pending.append(hostname)
                yield named


def _short_names(service: RegisteredService, *, local: bool) -> Iterator[str]:
    short = service.hostname.removesuffix(f".{CLUSTER_DOMAIN}")
    if short != service.hostname:
        label, _, namespace = short.partition(".")
        # A ServiceEntry may have a host in another namespace than its own.
        if local and namespace == service.namespace:
            yield label
        yield short
        yield f"{short}.svc"


def _is_taken(reading: Reading, name: str, service: RegisteredService, port: int) -> bool:
    other = reading.service(name)
    return other is not None and other is not service and _speaks_http(other, port)


def _owner(reading: Reading, address: str, port: int) -> str:
    for hostname in reading.hostnames(keys.with_address(address)):
        service = reading.service(hostname)
        if service is not None and _speaks_http(service, port):
            return hostname
    return ""


def is_address_taken(reading: Reading, host: str, port: int) -> bool:
    """Whether a service with HTTP on a port has this address."""
    return bool(_owner(reading, host, port))


def _speaks_http(service: RegisteredService, port: int) -> bool:
    found = service.port(port)
    return found is not None and found.protocol.is_http
