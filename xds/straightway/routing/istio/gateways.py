"""Gateways: the listeners of a gateway proxy, and the VirtualServices of each of its hosts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from operator import attrgetter
from typing import NamedTuple

from straightway.api import Gateway, GrpcJsonTranscoder, Pod, VirtualService
from straightway.catalog import RegisteredService, keys
from straightway.catalog.blocks import divided
from straightway.catalog.hosts import admitted_hosts, common_hosts
from straightway.catalog.labels import labels_of, selects
from straightway.documents import Reference
from straightway.proxies.audience import Audience
from straightway.units import Reading

EVERY_ADDRESS = "0.0.0.0"  # noqa: S104 (a gateway is there to be reached; Gateway.bind narrows it)


class BoundServer(NamedTuple):
    """A server: its Gateway, and its index among the Gateway's servers."""

    gateway: Reference
    number: int


class BoundPort(NamedTuple):
    """An address and port that the proxies bind, and the servers behind it.

    ``ports`` are the servers' own port numbers, which clients call, sorted.
    """

    address: str
    port: int
    ports: tuple[int, ...]
    servers: tuple[BoundServer, ...]

    @property
    def gateways(self) -> frozenset[str]:
        """The Gateways of these servers, as ``namespace/name``."""
        return frozenset(each.gateway.namespaced_name for each in self.servers)


class HostRoutes(NamedTuple):
    """A host, and the VirtualServices that route its requests, in order."""

    host: str
    virtual_services: tuple[Reference, ...]


def bound_ports(reading: Reading, audience: Audience) -> tuple[BoundPort, ...]:
    """Return a gateway proxy's binds, sorted: the HTTP servers of all Gateways that select it."""
    labels = dict(audience.labels)
    found: dict[tuple[str, int], list[tuple[int, BoundServer]]] = {}
    for reference in reading.objects(keys.of_kind(Gateway)):
        gateway = reading.object(Gateway, reference)
        if gateway is None or not selects(gateway.spec.selector.items(), labels):
            continue
        for index, server in enumerate(gateway.spec.servers):
            if server.is_http:
                port = reading.make(_bound_port, audience, server.port.number)
                at = (server.bind or EVERY_ADDRESS, port)
                bound = (server.port.number, BoundServer(reference, index))
                found.setdefault(at, []).append(bound)
    return tuple(
        BoundPort(
            address,
            port,
            tuple(sorted({number for number, _ in servers})),
            tuple(server for _, server in servers),
        )
        for (address, port), servers in sorted(found.items())
    )


def hosts_of(reading: Reading, bound: BoundPort) -> tuple[tuple[HostRoutes, ...], ...]:
    """Return the hosts served at a port, in blocks, each with its VirtualServices."""
    found: dict[str, dict[Reference, None]] = {}
    for server in bound.servers:
        for virtual_service in reading.objects(keys.bound_to(server.gateway.namespaced_name)):
            for host in reading.make(served_hosts, server, virtual_service):
                found.setdefault(host, {})[virtual_service] = None
    routes = [HostRoutes(host, tuple(each)) for host, each in sorted(found.items())]
    return divided(routes, attrgetter("host"))


def served_hosts(reading: Reading, bound: BoundServer, reference: Reference) -> tuple[str, ...]:
    """Return the hosts at which a server serves a VirtualService."""
    gateway = reading.object(Gateway, bound.gateway)
    virtual_service = reading.object(VirtualService, reference)
    if gateway is None or virtual_service is None or bound.number >= len(gateway.spec.servers):
        return ()
    return tuple(common_hosts(gateway, gateway.spec.servers[bound.number], virtual_service))


def admitted(reading: Reading, gateway: Reference, namespace: str) -> frozenset[str]:
    """Return the host patterns for which a Gateway admits the VirtualServices of a namespace."""
    found = reading.object(Gateway, gateway)
    servers = found.spec.servers if found is not None else ()
    return frozenset(
        host
        for server in servers
        if found is not None
        for host in admitted_hosts(found, server, namespace)
    )


def transcoders_at(
    reading: Reading, audience: Audience, ports: tuple[int, ...]
) -> Iterator[GrpcJsonTranscoder]:
    """Yield the transcoders for the server ports of one listener, oldest first."""
    for reference in reading.objects(keys.of_kind(GrpcJsonTranscoder)):
        transcoder = reading.object(GrpcJsonTranscoder, reference)
        if (
            transcoder is not None
            and transcoder.spec.is_gateway
            and transcoder.spec.port_number in (None, *ports)
            and transcoder.metadata.namespace == audience.namespace
            and selects(transcoder.spec.workload_selector.items(), dict(audience.labels))
        ):
            yield transcoder


def _bound_port(reading: Reading, audience: Audience, port: int) -> int:
    """Return the port that Envoy binds for a server's port.

    As in Istio: where a Service selects the gateway's own workload, clients call the Service's
    port, and the workload listens at that port's ``targetPort``.
    """
    labels = dict(audience.labels)
    for service in services_selecting(reading, audience.namespace, labels):
        found = service.port(port)
        if found is None or found.target is None:
            continue
        if isinstance(found.target, int):
            return found.target
        named = _port_named(reading, service, found.target)
        if named is not None:
            return named
    return port


def _port_named(reading: Reading, service: RegisteredService, name: str) -> int | None:
    """Return the number of a named container port in the Pods that a Service selects."""
    first = (service.selector or ())[0]
    for reference in reading.objects(keys.labelled(service.namespace, *first)):
        pod = reading.object(Pod, reference)
        if pod is not None and service.selects(labels_of(pod)):
            number = pod.port_named(name)
            if number is not None:
                return number
    return None


def services_selecting(
    reading: Reading, namespace: str, labels: Mapping[str, str]
) -> list[RegisteredService]:
    """Return the services that select a workload with these labels, sorted by hostname."""
    found = {
        hostname: service
        for key, value in labels.items()
        for hostname in reading.hostnames(keys.selecting(namespace, key, value))
        if (service := reading.service(hostname)) is not None and service.selects(labels)
    }
    return [service for _, service in sorted(found.items())]
