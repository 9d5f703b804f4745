"""ServiceEntry: a service outside Kubernetes' own registry."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from straightway.api.codes import Code
from straightway.api.faults import Fault
from straightway.api.lists import AtMostHosts, WithoutRepeats
from straightway.api.model import CheckedModel, Model, Untranslated
from straightway.api.objects import IstioObject
from straightway.api.protocol import Protocol
from straightway.api.texts import quoted
from straightway.api.values import HostPattern, Network, Port, UpperCase, is_ip, not_empty
from straightway.api.workload_entry import WorkloadEntrySpec


class Resolution(StrEnum):
    """How the addresses behind a ServiceEntry are found."""

    NONE = "NONE"
    STATIC = "STATIC"
    DNS = "DNS"
    DNS_ROUND_ROBIN = "DNS_ROUND_ROBIN"
    DYNAMIC_DNS = "DYNAMIC_DNS"


class Location(StrEnum):
    """Whether a ServiceEntry's workloads are part of the mesh.

    In Istio it only affects mutual TLS; here all workloads are called in plain text.
    """

    MESH_EXTERNAL = "MESH_EXTERNAL"
    MESH_INTERNAL = "MESH_INTERNAL"


class ServiceEntryPort(Model):
    """One port of the service. ``target_port`` None: the same as ``number``."""

    number: Port
    """The port's number."""
    name: Annotated[str, not_empty("give the port a name")]
    """The port's name."""
    protocol: Annotated[Protocol, UpperCase] = Protocol.TCP
    """What the port speaks, in any case; TCP without it."""
    target_port: Port | None = None
    """The port of the endpoints; the same number without it."""


class WorkloadSelector(Model):
    """Chooses workloads of the same namespace by their labels."""

    labels: dict[str, str] = Field(default_factory=dict)
    """Labels that a workload of the same namespace must have."""


class ServiceEntrySpec(CheckedModel):
    """The service."""

    hosts: Annotated[
        tuple[HostPattern, ...], not_empty("name at least one host"), AtMostHosts, WithoutRepeats
    ]
    """The names of the service."""
    addresses: Annotated[tuple[Network, ...], WithoutRepeats] = ()
    """IP addresses or CIDR ranges of the service."""
    ports: tuple[ServiceEntryPort, ...] = ()
    """The ports of the service."""
    location: Location = Location.MESH_EXTERNAL
    """Whether the workloads are part of the mesh; it has no effect here."""
    resolution: Resolution = Resolution.NONE
    """How the addresses are found: NONE (the request's own), STATIC (those of endpoints) or DNS."""
    endpoints: tuple[WorkloadEntrySpec, ...] = ()
    """The workloads, written here; write these or workloadSelector."""
    workload_selector: WorkloadSelector | None = None
    """Chooses the workloads by their labels: WorkloadEntries and Pods."""
    export_to: Annotated[None, Untranslated("every namespace sees the service", (["*"],))] = None
    subject_alt_names: Annotated[None, Untranslated("no certificate is checked for them")] = None

    @property
    def is_left_out(self) -> bool:
        """Whether the whole service is left for a later release."""
        return self.resolution is Resolution.DYNAMIC_DNS

    def faults(self) -> Iterable[Fault]:
        """Yield what is wrong between the fields."""
        for index, host in enumerate(self.hosts):
            if host == "*":
                message = (
                    "A service cannot have the host *: write its name, such as api.example.com."
                )
                yield Fault(Code.INVALID_HOST, message, ("hosts", index))
        if not self.ports:
            yield Fault(Code.MISSING_FIELD, "A service needs at least one port.", ("ports",))
        yield from self._port_faults()
        yield from self._endpoint_faults()
        if self.is_left_out:
            message = "DYNAMIC_DNS is not translated yet, so the service is left out: use DNS."
            yield Fault(Code.NOT_TRANSLATED_YET, message, ("resolution",))
        if self.resolution is Resolution.DNS_ROUND_ROBIN:
            message = "DNS_ROUND_ROBIN is not translated yet: all addresses are used, as with DNS."
            yield Fault(Code.NOT_TRANSLATED_YET, message, ("resolution",))

    def _port_faults(self) -> Iterable[Fault]:
        names: set[str] = set()
        numbers: set[int] = set()
        for index, port in enumerate(self.ports):
            if port.name in names:
                message = f"Another port is already named {quoted(port.name)}: rename one."
                yield Fault(Code.DUPLICATE_VALUE, message, ("ports", index, "name"))
            if port.number in numbers:
                message = f"Another port already has the number {port.number}: change one."
                yield Fault(Code.DUPLICATE_VALUE, message, ("ports", index, "number"))
            if port.protocol is Protocol.UDP:
                message = "UDP is not translated yet, so this port is left out."
                yield Fault(Code.NOT_TRANSLATED_YET, message, ("ports", index, "protocol"))
            names.add(port.name)
            numbers.add(port.number)

    def _endpoint_faults(self) -> Iterable[Fault]:
        if self.endpoints and self.workload_selector is not None:
            message = "Write either endpoints or a workloadSelector, not both."
            yield Fault(Code.CONFLICTING_FIELDS, message, ("workloadSelector",))
        if self.endpoints and self.resolution is Resolution.NONE:
            message = "With resolution NONE no endpoints are used: use resolution STATIC or DNS."
            yield Fault(Code.CONFLICTING_FIELDS, message, ("endpoints",))
        if self.resolution is Resolution.STATIC:
            for index, endpoint in enumerate(self.endpoints):
                if not is_ip(endpoint.address):
                    message = (
                        f"{quoted(endpoint.address)} is not an IP address, as resolution STATIC "
                        "requires: write one, or use resolution DNS."
                    )
                    at = ("endpoints", index, "address")
                    yield Fault(Code.INVALID_ADDRESS, message, at)


class ServiceEntry(IstioObject):
    """A service that routes and destination rules can name by its hosts."""

    spec: ServiceEntrySpec
    """A service outside Kubernetes' own registry."""

    @property
    def is_left_out(self) -> bool:
        """Whether the service, or each of its ports, is left for a later release."""
        ports = self.spec.ports
        return self.spec.is_left_out or all(port.protocol is Protocol.UDP for port in ports)
