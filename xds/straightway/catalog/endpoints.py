"""Endpoints: where the workloads of a service listen, and what their labels say.

A Service's endpoints come from its EndpointSlices or, where it has none, from the Pods that its
selector matches; WorkloadEntries that match are added in both cases.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

from straightway.api import EndpointSlice, Pod, WorkloadEntry
from straightway.api.endpoint_slice import TargetReference
from straightway.api.workload_entry import WorkloadEntrySpec
from straightway.catalog.labels import labels_of
from straightway.catalog.services import RegisteredService, ServicePort
from straightway.documents import Reference

INLINE_KIND = "endpoint"
"""The kind of the references to what is behind inline endpoints: they are no objects."""
_NONE: Mapping[str, str] = {}


class Endpoint(NamedTuple):
    """One address and port behind a service's port; a tuple, because there are so many.

    ``weight`` 0 means unset; ``locality`` is Istio's ``region/zone/subzone``, empty for none.
    ``workload`` names what is behind it: the object or, if a service lists it inline, its address;
    None if unknown.
    """

    address: str
    port: int
    labels: Mapping[str, str] = {}
    annotations: Mapping[str, str] = {}
    weight: int = 0
    locality: str = ""
    workload: Reference | None = None


def endpoints_of_slice(
    endpoint_slice: EndpointSlice,
    pod_named: Callable[[Reference], Pod | None],
    service: RegisteredService,
    port: ServicePort,
) -> Iterator[Endpoint]:
    """Yield the endpoints of a service's port in one EndpointSlice.

    ``pod_named`` looks up the Pods that provide the endpoints' labels.
    """
    number = next((p.port for p in endpoint_slice.ports if (p.name or "") == port.name), None)
    if number is None or endpoint_slice.address_type == "FQDN":
        return
    namespace, includes_unready = endpoint_slice.metadata.namespace, service.includes_unready
    for item in endpoint_slice.endpoints:
        if not (includes_unready or item.is_ready):
            continue
        labels = annotations = _NONE
        workload = _workload(item.target_ref, namespace)
        if workload is not None and workload.kind == "Pod":
            pod = pod_named(workload)
            if pod is not None:
                labels, annotations = pod.metadata.labels, pod.metadata.annotations
        if item.addresses:
            # Kubernetes defines no meaning for further addresses.
            address = item.addresses[0]
            yield Endpoint(address, number, labels, annotations, workload=workload)


def _workload(target: TargetReference | None, namespace: str) -> Reference | None:
    if target is None or not target.name:
        return None
    return _reference(target.kind or "", target.namespace or namespace, target.name)


@lru_cache(
    1 << 16
)  # A workload is behind several services, and finding it is faster than making it.
def _reference(kind: str, namespace: str, name: str) -> Reference:
    return Reference("", kind, namespace, name)


def endpoint_of_pod(pod: Pod, service: RegisteredService, port: ServicePort) -> Endpoint | None:
    """Return a selected Pod's endpoint, or None if it has no address or is not ready."""
    if not pod.status.pod_ip or not (pod.is_ready or service.includes_unready):
        return None
    target = port.target
    number = pod.port_named(target) if isinstance(target, str) else target or port.number
    if number is None:
        return None
    return Endpoint(
        pod.status.pod_ip,
        number,
        pod.metadata.labels,
        pod.metadata.annotations,
        workload=pod.reference,
    )


def endpoint_of_entry(entry: WorkloadEntry, port: ServicePort) -> Endpoint:
    """Return a selected WorkloadEntry's endpoint."""
    annotations = entry.metadata.annotations
    return _from_spec(entry.spec, port, labels_of(entry), annotations, entry.reference)


def inline_endpoint(spec: WorkloadEntrySpec, namespace: str, port: ServicePort) -> Endpoint:
    """Return an endpoint that a ServiceEntry of a namespace lists inline."""
    # Several runtimes may share an address; then each has ports of its own.
    ports = ",".join(str(number) for _, number in sorted(spec.ports.items()))
    name = f"{spec.address}:{ports}" if ports else spec.address
    workload = Reference("", INLINE_KIND, namespace, name)
    return _from_spec(spec, port, spec.labels, _NONE, workload)


def _from_spec(
    spec: WorkloadEntrySpec,
    port: ServicePort,
    labels: Mapping[str, str],
    annotations: Mapping[str, str],
    workload: Reference | None = None,
) -> Endpoint:
    return Endpoint(
        spec.address,
        _entry_port(spec, port),
        labels,
        annotations,
        spec.weight or 0,
        spec.locality,
        workload,
    )


def _entry_port(spec: WorkloadEntrySpec, port: ServicePort) -> int:
    # Istio: the entry's own map by port name comes first, then the service's target port.
    if port.name in spec.ports:
        return spec.ports[port.name]
    if isinstance(port.target, str):
        return spec.ports.get(port.target, port.number)
    return port.target or port.number
