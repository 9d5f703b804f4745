"""The endpoints of a service's port, in blocks.

A service may have thousands of workloads, and usually one of them changes. So each block of them is
a unit of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from operator import attrgetter

from straightway.api import EndpointSlice, Pod, WorkloadEntry
from straightway.catalog import Observation, RegisteredService, ServicePort, keys
from straightway.catalog.blocks import divided
from straightway.catalog.endpoints import Endpoint as Found
from straightway.catalog.endpoints import (
    endpoint_of_entry,
    endpoint_of_pod,
    endpoints_of_slice,
    inline_endpoint,
)
from straightway.catalog.holdings import subset_values
from straightway.catalog.labels import labels_of
from straightway.documents import Reference
from straightway.routing.clusters import Endpoint
from straightway.units import Reading

Block = tuple[Reference, ...]
INLINE: Block = ()
"""The block of the endpoints that a service lists inline."""


def endpoint_blocks(reading: Reading, hostname: str) -> tuple[Block, ...]:
    """Return the workloads and EndpointSlices that may be behind a service, in blocks.

    Pods are left out if EndpointSlices name them. The service's inline endpoints are a block, too.
    """
    service = reading.service(hostname)
    slices = reading.objects(keys.slices_of(hostname))
    blocks: list[Block] = [(reference,) for reference in slices]
    if service is not None and service.inline:
        blocks.append(INLINE)
    if service is not None and service.selector:
        found = reading.objects(keys.labelled(service.namespace, *service.selector[0]))
        members = [item for item in found if not (slices and item.kind == "Pod")]
        blocks += divided(members, attrgetter("name"), finely=True)
    return tuple(blocks)


def endpoints_in(
    reading: Reading, block: Block, service: RegisteredService, port: ServicePort
) -> Iterator[Found]:
    """Yield the endpoints that a block's objects provide for a service's port."""
    if block == INLINE:
        for spec in service.inline:
            yield inline_endpoint(spec, service.namespace, port)
    for reference in block:
        if reference.kind == "EndpointSlice":
            item = reading.object(EndpointSlice, reference)
            if item is not None:
                pods = partial(reading.object, Pod)
                yield from endpoints_of_slice(item, pods, service, port)
        elif reference.kind == "Pod":
            pod = reading.object(Pod, reference)
            if pod is not None and service.selects(labels_of(pod)):
                endpoint = endpoint_of_pod(pod, service, port)
                if endpoint is not None:
                    yield endpoint
        else:
            entry = reading.object(WorkloadEntry, reference)
            if entry is not None and service.selects(labels_of(entry)):
                yield endpoint_of_entry(entry, port)


def neutral_endpoint(
    item: Found, held: Mapping[str, Observation], subset_keys: tuple[str, ...]
) -> Endpoint:
    """Return an endpoint of a cluster, with its values for the cluster's subset keys.

    ``held`` is what its workload was observed to hold.
    """
    values = _values(item, held, subset_keys) if subset_keys else ()
    return Endpoint(item.address, item.port, item.weight, item.locality, values)


def _values(
    item: Found, held: Mapping[str, Observation], subset_keys: tuple[str, ...]
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    values = []
    for key in subset_keys:
        observed = held[key].values if key in held else ()
        found = subset_values(key, item.labels, item.annotations, observed)
        if found:
            values.append((key, found))
    return tuple(values)
