"""Services and workloads: hostnames that are taken, and addresses that are never resolved."""

from __future__ import annotations

from collections.abc import Iterator

from straightway.api import ApiObject, ServiceEntry, WorkloadEntry
from straightway.api.values import is_ip
from straightway.catalog import CatalogCode, Resolution
from straightway.catalog.labels import labels_of
from straightway.catalog.services import services_of
from straightway.documents import Finding, Reference
from straightway.routing.istio.gateways import services_selecting
from straightway.units import Reading


def check_service(reading: Reading, reference: Reference) -> Iterator[Finding]:
    """Report the hostnames of a Service or ServiceEntry that belong to an older object."""
    source = reading.object(ApiObject, reference)
    for index, service in enumerate(services_of(source) if source is not None else ()):
        registered = reading.service(service.hostname)
        if registered is not None and registered.source != reference:
            message = (
                f'"{service.hostname}" already belongs to {registered.source}, which is in '
                "force. Remove it from one of the two."
            )
            of_entry = isinstance(source, ServiceEntry)
            path = ("spec", "hosts", index) if of_entry else ("metadata", "name")
            yield Finding(reference, path, CatalogCode.DUPLICATE_HOST, message)


def check_workload_entry(reading: Reading, reference: Reference) -> Iterator[Finding]:
    """Report the services that leave a WorkloadEntry out, because EDS accepts no host names."""
    entry = reading.object(WorkloadEntry, reference)
    if entry is None or is_ip(entry.spec.address):
        return
    for service in services_selecting(reading, reference.namespace, labels_of(entry)):
        if service.resolution is Resolution.STATIC:
            message = (
                f'"{entry.spec.address}" is a host name, which {service.hostname} does not '
                "resolve, so this workload gets none of its requests: write an IP address, "
                "or use a ServiceEntry with resolution DNS."
            )
            path = ("spec", "address")
            yield Finding(reference, path, CatalogCode.ADDRESS_NOT_RESOLVED, message)
