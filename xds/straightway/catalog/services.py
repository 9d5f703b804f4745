"""Services: one model for Kubernetes Services and Istio ServiceEntries.

Istio calls this the service registry. Each hostname of a ServiceEntry is a service of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from straightway.api import ApiObject, Service, ServiceEntry
from straightway.api.protocol import Protocol
from straightway.api.values import is_ip
from straightway.api.workload_entry import WorkloadEntrySpec
from straightway.catalog.labels import selects
from straightway.documents import Reference

CLUSTER_DOMAIN = "svc.cluster.local"


class Resolution(StrEnum):
    """How Envoy finds the endpoints of a service (ServiceEntry ``resolution``)."""

    STATIC = "STATIC"
    DNS = "DNS"
    NONE = "NONE"


_BY_NAME = {
    "http": Protocol.HTTP,
    "http2": Protocol.HTTP2,
    "grpc": Protocol.GRPC,
    "grpc-web": Protocol.GRPC_WEB,
    # The values of appProtocol that Kubernetes defines.
    "kubernetes.io/h2c": Protocol.HTTP2,
    "kubernetes.io/ws": Protocol.HTTP,
}
_HTTP2 = frozenset({Protocol.HTTP2, Protocol.GRPC, Protocol.GRPC_WEB})


@dataclass(frozen=True, slots=True)
class ServicePort:
    """One port of a service; ``name`` may be empty.

    ``target`` is the workload's port: a number, the name of one of its ports, or None for the same
    number as the service's.
    """

    number: int
    name: str
    protocol: Protocol
    target: int | str | None = None

    @property
    def speaks_http2(self) -> bool:
        """Whether the endpoints expect HTTP/2 (gRPC is)."""
        return self.protocol in _HTTP2


@dataclass(frozen=True, slots=True)
class RegisteredService:
    """A service under one hostname, with its TCP ports; UDP is not routed.

    ``selector`` is None if the service selects no workloads; ``inline`` holds the endpoints that a
    ServiceEntry lists; ``addresses`` are its virtual IPs. ``alias_of`` is the hostname that an
    ExternalName without ports stands for.
    """

    hostname: str
    namespace: str
    ports: tuple[ServicePort, ...]
    resolution: Resolution
    source: Reference
    selector: tuple[tuple[str, str], ...] | None = None
    inline: tuple[WorkloadEntrySpec, ...] = ()
    addresses: tuple[str, ...] = ()
    includes_unready: bool = False
    alias_of: str = ""

    def port(self, number: int) -> ServicePort | None:
        """Return the port with this number, or None."""
        return next((port for port in self.ports if port.number == number), None)

    def selects(self, labels: Mapping[str, str]) -> bool:
        """Whether the service selects a workload with these labels in this namespace."""
        return self.selector is not None and selects(self.selector, labels)


def service_hostname(name: str, namespace: str) -> str:
    """Return the FQDN of a Kubernetes Service."""
    return f"{name}.{namespace}.{CLUSTER_DOMAIN}"


def candidate_hostnames(host: str, namespace: str) -> Iterator[str]:
    """Yield the hostnames that ``host`` may mean in an object of ``namespace``, most likely first.

    Istio expands a name without dots with the object's own namespace, unless it is an address or a
    wildcard; the forms ``name.namespace`` and ``name.namespace.svc``, which Kubernetes DNS
    resolves, are accepted as well.
    """
    if host.startswith("*") or is_ip(host):
        yield host
        return
    if "." not in host:
        yield service_hostname(host, namespace)
        return
    yield host
    yield f"{host}.{CLUSTER_DOMAIN}"
    yield f"{host}.cluster.local"


def services_of(source: ApiObject) -> tuple[RegisteredService, ...]:
    """Return the services that a Service or ServiceEntry defines."""
    if isinstance(source, Service):
        return (_from_service(source),)
    if isinstance(source, ServiceEntry):
        return tuple(_from_service_entry(source))
    return ()


def _from_service(service: Service) -> RegisteredService:
    spec = service.spec
    external = spec.external_name if spec.type == "ExternalName" else None
    ports = tuple(
        ServicePort(
            port.port,
            port.name or "",
            _protocol(port.app_protocol or _name_prefix(port.name or "")),
            port.target_port,
        )
        for port in spec.ports
        if port.protocol == "TCP"
    )
    return RegisteredService(
        hostname=service_hostname(service.metadata.name, service.metadata.namespace),
        namespace=service.metadata.namespace,
        ports=ports,
        resolution=Resolution.DNS if external else Resolution.STATIC,
        source=service.reference,
        selector=tuple(sorted(spec.selector.items())) or None,
        inline=(WorkloadEntrySpec(address=external),) if external else (),
        addresses=_virtual_ips(spec.cluster_ip),
        includes_unready=spec.publish_not_ready_addresses,
        alias_of=(external or "") if not ports else "",
    )


def _from_service_entry(entry: ServiceEntry) -> Iterator[RegisteredService]:
    spec = entry.spec
    if spec.is_left_out:
        return
    ports = tuple(
        ServicePort(port.number, port.name, port.protocol, port.target_port)
        for port in spec.ports
        if port.protocol is not Protocol.UDP
    )
    selector = spec.workload_selector.labels if spec.workload_selector else {}
    resolution = _resolution(spec.resolution)
    for host in spec.hosts:
        # Istio: a DNS entry without endpoints resolves its own host names.
        named = spec.endpoints or spec.workload_selector or host.startswith("*")
        implied = resolution is Resolution.DNS and not named
        yield RegisteredService(
            hostname=host,
            namespace=entry.metadata.namespace,
            ports=ports,
            resolution=resolution,
            source=entry.reference,
            selector=tuple(sorted(selector.items())) or None,
            inline=(WorkloadEntrySpec(address=host),) if implied else tuple(spec.endpoints),
            addresses=tuple(spec.addresses),
        )


def _resolution(text: str) -> Resolution:
    if text.startswith("DNS"):
        return Resolution.DNS
    return Resolution.STATIC if text == "STATIC" else Resolution.NONE


def _virtual_ips(cluster_ip: str | None) -> tuple[str, ...]:
    return (cluster_ip,) if cluster_ip and is_ip(cluster_ip) else ()


def _name_prefix(name: str) -> str:
    # Istio's protocol selection: `grpc`, `grpc-web`, `http2-anything`, …
    # https://istio.io/latest/docs/ops/configuration/traffic-management/protocol-selection/
    return "grpc-web" if name.startswith("grpc-web") else name.partition("-")[0]


def _protocol(name: str) -> Protocol:
    return _BY_NAME.get(name.lower(), Protocol.TCP)
