"""The catalog: the immutable set of accepted objects, indexed.

A change gives a new catalog, which shares with the old one all that did not change, and the
:class:`Impact`: the services whose endpoints may differ, and whether anything else does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from straightway.api import (
    ApiObject,
    DestinationRule,
    Gateway,
    GrpcJsonTranscoder,
    VirtualService,
    WorkloadEntry,
)
from straightway.api.values import is_ip
from straightway.catalog import workloads as workload_index
from straightway.catalog.endpoints import Endpoint
from straightway.catalog.rules import Rules
from straightway.catalog.services import (
    RegisteredService,
    Resolution,
    SelectorIndex,
    ServicePort,
    candidate_hostnames,
    services_of,
)
from straightway.catalog.workloads import Changes, Workloads
from straightway.documents import Reference

_SERVICE_KINDS = ("Service", "ServiceEntry")

Object = TypeVar("Object", bound=ApiObject)


@dataclass(frozen=True, slots=True)
class Impact:
    """What a change may touch.

    ``endpoints`` holds the hostnames of the services whose endpoints may differ; ``config`` is true
    when anything but endpoints changed, so that routes, listeners and clusters may differ as well,
    and what is wrong between objects.
    """

    endpoints: frozenset[str]
    config: bool


@dataclass(frozen=True, slots=True, eq=False)
class Catalog:
    """The accepted objects and their indexes. Starts empty and goes on by :meth:`changed`.

    ``objects`` holds what is not a workload, by kind, in Istio's order of precedence (oldest
    first, then by name); ``services`` are by hostname.
    """

    objects: Mapping[str, Mapping[Reference, ApiObject]] = field(default_factory=dict)
    services: Mapping[str, RegisteredService] = field(default_factory=dict)
    rules: Rules = field(default_factory=lambda: Rules((), {}))
    selectors: SelectorIndex = field(default_factory=lambda: SelectorIndex(()))
    workloads: Workloads = field(default_factory=Workloads)

    def changed(self, changes: Changes) -> tuple[Catalog, Impact]:
        """Return the catalog with these objects put in (None: taken out), and the impact."""
        of_workloads = {r: item for r, item in changes.items() if r.kind in workload_index.KINDS}
        catalog, touched = self, set[str]()
        config = len(of_workloads) < len(changes)
        if config:
            rest = {r: item for r, item in changes.items() if r not in of_workloads}
            catalog, touched = self._with_config(rest)
        if of_workloads:
            config = config or any(
                _names_host(item)
                for reference, after in of_workloads.items()
                for item in (self.workloads.objects.get(reference), after)
            )
            workloads, moved = catalog.workloads.changed(of_workloads, catalog.selectors)
            catalog = Catalog(
                catalog.objects, catalog.services, catalog.rules, catalog.selectors, workloads
            )
            touched |= moved
        # Endpoints that Envoy resolves by DNS are part of the cluster itself.
        services = (catalog.services.get(hostname) for hostname in touched)
        config |= any(item and item.resolution is Resolution.DNS for item in services)
        return catalog, Impact(frozenset(touched), config)

    def _with_config(self, changes: Changes) -> tuple[Catalog, set[str]]:
        objects = dict(self.objects)
        kinds = {reference.kind for reference in changes}
        for kind in kinds:
            of_kind = {r: item for r, item in changes.items() if r.kind == kind}
            objects[kind] = _merged(objects.get(kind, {}), of_kind)
        services, selectors, workloads = self.services, self.selectors, self.workloads
        altered: set[str] = set()
        if not kinds.isdisjoint(_SERVICE_KINDS):
            services = _registry(objects)
            altered = _altered(self.services, services)
            selectors = SelectorIndex(services.values())
            workloads = workloads.reselected(
                [services[name] for name in altered if name in services], altered
            )
        rules = Rules(_of_kind(objects, "DestinationRule", DestinationRule), services)
        return Catalog(objects, services, rules, selectors, workloads), altered

    @property
    def size(self) -> int:
        """How many objects are accepted."""
        return sum(map(len, self.objects.values())) + len(self.workloads.objects)

    @property
    def service_sources(self) -> list[ApiObject]:
        """All Services and ServiceEntries, in the order in which they get their hostnames."""
        return [item for kind in _SERVICE_KINDS for item in self.objects.get(kind, {}).values()]

    @property
    def gateways(self) -> list[Gateway]:
        """All Gateways."""
        return _of_kind(self.objects, "Gateway", Gateway)

    @property
    def virtual_services(self) -> list[VirtualService]:
        """All VirtualServices."""
        return _of_kind(self.objects, "VirtualService", VirtualService)

    @property
    def transcoders(self) -> list[GrpcJsonTranscoder]:
        """All ASMGrpcJsonTranscoders."""
        return _of_kind(self.objects, "ASMGrpcJsonTranscoder", GrpcJsonTranscoder)

    def resolve(self, host: str, namespace: str) -> RegisteredService | None:
        """Return the service that ``host`` means in an object of ``namespace``, or None."""
        for hostname in candidate_hostnames(host, namespace):
            if (service := self.services.get(hostname)) is not None:
                return service
        return None

    def services_selecting(
        self, namespace: str, labels: Mapping[str, str]
    ) -> list[RegisteredService]:
        """Return the services that select a workload with these labels."""
        found = self.selectors.selecting(namespace, labels)
        return sorted(found, key=lambda service: service.hostname)

    def endpoints(self, service: RegisteredService, port: ServicePort) -> list[Endpoint]:
        """Return the endpoints of a service's port, ordered by address and port, each once."""
        return self.workloads.endpoints(service, port)


def _names_host(item: ApiObject | None) -> bool:
    """Whether it is a workload at a host name: not every service can resolve one."""
    return isinstance(item, WorkloadEntry) and not is_ip(item.spec.address)


def _of_kind(
    objects: Mapping[str, Mapping[Reference, ApiObject]], kind: str, model: type[Object]
) -> list[Object]:
    return [item for item in objects.get(kind, {}).values() if isinstance(item, model)]


def _merged(objects: Mapping[Reference, ApiObject], changes: Changes) -> dict[Reference, ApiObject]:
    merged = {**objects, **changes}
    present = [(reference, item) for reference, item in merged.items() if item is not None]
    return dict(sorted(present, key=lambda pair: _precedence(pair[1])))


def _precedence(item: ApiObject) -> tuple[str, str, str]:
    metadata = item.metadata
    return (metadata.creation_timestamp or "", metadata.namespace, metadata.name)


def _registry(
    objects: Mapping[str, Mapping[Reference, ApiObject]],
) -> dict[str, RegisteredService]:
    """Return all services by hostname; of two with one hostname the first wins."""
    registry: dict[str, RegisteredService] = {}
    for kind in _SERVICE_KINDS:
        for item in objects.get(kind, {}).values():
            for service in services_of(item):
                registry.setdefault(service.hostname, service)
    return registry


def _altered(
    before: Mapping[str, RegisteredService], after: Mapping[str, RegisteredService]
) -> set[str]:
    return {
        hostname
        for hostname in before.keys() | after.keys()
        if before.get(hostname) != after.get(hostname)
    }
