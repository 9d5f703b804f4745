"""Workloads: WorkloadEntries, Pods and EndpointSlices under the services that they belong to.

Immutable like the catalog; a change costs as much as what changed, and a copy of an index.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from straightway.api import ApiObject, EndpointSlice, Pod, WorkloadEntry
from straightway.catalog.endpoints import (
    Endpoint,
    endpoint_of_entry,
    endpoint_of_pod,
    endpoints_of_slices,
    inline_endpoint,
    labels_of,
)
from straightway.catalog.services import (
    RegisteredService,
    SelectorIndex,
    ServicePort,
    service_hostname,
)
from straightway.documents import Reference

KINDS = frozenset({"WorkloadEntry", "Pod", "EndpointSlice"})

Objects = Mapping[Reference, ApiObject]
Changes = Mapping[Reference, ApiObject | None]
Object = TypeVar("Object", bound=ApiObject)


@dataclass(frozen=True, slots=True, eq=False)
class Workloads:
    """Which workloads each service has.

    ``selected`` (WorkloadEntries and Pods that a service's selector matches) and ``slices`` are by
    hostname; ``slices_of_pod`` are the EndpointSlices that refer to a Pod.
    """

    objects: Objects = field(default_factory=dict)
    selected: Mapping[str, frozenset[Reference]] = field(default_factory=dict)
    slices: Mapping[str, frozenset[Reference]] = field(default_factory=dict)
    slices_of_pod: Mapping[Reference, frozenset[Reference]] = field(default_factory=dict)

    def changed(self, changes: Changes, selectors: SelectorIndex) -> tuple[Workloads, set[str]]:
        """Return the workloads after a change, and the hostnames whose endpoints may differ."""
        objects, selected = dict(self.objects), dict(self.selected)
        slices, slices_of_pod = self.slices, self.slices_of_pod
        if any(reference.kind == "EndpointSlice" for reference in changes):
            slices, slices_of_pod = dict(slices), dict(slices_of_pod)
        touched: set[str] = set()
        for reference, after in changes.items():
            before = objects.pop(reference, None)
            if after is not None:
                objects[reference] = after
            left, joined = _hostnames(selectors, before), _hostnames(selectors, after)
            _move(selected, reference, left, joined)
            if reference.kind == "EndpointSlice":
                assert isinstance(slices, dict)
                assert isinstance(slices_of_pod, dict)
                _move(slices, reference, left, joined)
                _move(slices_of_pod, reference, _pods(before), _pods(after))
            touched |= left | joined
            for referring in slices_of_pod.get(reference, ()):
                touched |= _hostnames(selectors, objects.get(referring))
        return Workloads(objects, selected, slices, slices_of_pod), touched

    def reselected(self, services: Iterable[RegisteredService], gone: set[str]) -> Workloads:
        """Return the workloads with the members of these services found anew."""
        selected = {name: found for name, found in self.selected.items() if name not in gone}
        index = SelectorIndex(services)
        found: dict[str, set[Reference]] = {}
        for reference, item in self.objects.items():
            if isinstance(item, WorkloadEntry | Pod):
                for hostname in _hostnames(index, item):
                    found.setdefault(hostname, set()).add(reference)
        selected |= {name: frozenset(members) for name, members in found.items()}
        return Workloads(self.objects, selected, self.slices, self.slices_of_pod)

    @property
    def entries(self) -> Iterator[WorkloadEntry]:
        """All WorkloadEntries."""
        return (item for item in self.objects.values() if isinstance(item, WorkloadEntry))

    def endpoints(self, service: RegisteredService, port: ServicePort) -> list[Endpoint]:
        """Return the endpoints of a service's port, ordered by address and port, each once."""
        found = {(item.address, item.port): item for item in self._endpoints(service, port)}
        return [found[key] for key in sorted(found)]

    def _endpoints(self, service: RegisteredService, port: ServicePort) -> Iterator[Endpoint]:
        for spec in service.inline:
            yield inline_endpoint(spec, port)
        slices = self.slices.get(service.hostname, frozenset())
        members = self.selected.get(service.hostname, frozenset())
        in_slices = self._get(EndpointSlice, slices)
        yield from endpoints_of_slices(in_slices, self._pod, service, port)
        for pod in self._get(Pod, members if not slices else frozenset()):
            if (endpoint := endpoint_of_pod(pod, service, port)) is not None:
                yield endpoint
        for entry in self._get(WorkloadEntry, members):
            yield endpoint_of_entry(entry, port)

    def _get(self, kind: type[Object], references: frozenset[Reference]) -> Iterator[Object]:
        for reference in sorted(references):
            if isinstance(item := self.objects.get(reference), kind):
                yield item

    def _pod(self, namespace: str, name: str) -> Pod | None:
        pod = self.objects.get(Reference("", "Pod", namespace, name))
        return pod if isinstance(pod, Pod) else None


Index = TypeVar("Index", str, Reference)


def _move(
    index: dict[Index, frozenset[Reference]],
    reference: Reference,
    before: set[Index],
    after: set[Index],
) -> None:
    """Take a reference from where it stood in an index to where it stands now."""
    for key in before - after:
        remaining = index.get(key, frozenset()) - {reference}
        if remaining:
            index[key] = remaining
        else:
            index.pop(key, None)
    for key in after:
        members = index.get(key, frozenset())
        if reference not in members:
            index[key] = members | {reference}


def _hostnames(selectors: SelectorIndex, item: ApiObject | None) -> set[str]:
    """Return the services that an object gives endpoints to."""
    if isinstance(item, WorkloadEntry | Pod):
        found = selectors.selecting(item.metadata.namespace, labels_of(item))
        return {service.hostname for service in found}
    if isinstance(item, EndpointSlice) and item.service_name:
        return {service_hostname(item.service_name, item.metadata.namespace)}
    return set()


def _pods(item: ApiObject | None) -> set[Reference]:
    if not isinstance(item, EndpointSlice):
        return set()
    targets = (endpoint.target_ref for endpoint in item.endpoints)
    return {
        Reference("", "Pod", target.namespace or item.metadata.namespace, target.name)
        for target in targets
        if target is not None and target.kind == "Pod" and target.name
    }
