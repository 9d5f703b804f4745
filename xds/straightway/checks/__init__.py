"""Checks: what is wrong between objects that are valid by themselves.

Most findings are warnings, because the missing object may come later; until then its requests are
answered with 503. Each object has one check, a unit: it runs again only when something that it read
changes. A check looks names up in the same namespace as translation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from straightway.api import (
    ApiObject,
    DestinationRule,
    Gateway,
    GrpcJsonTranscoder,
    ModelDiscovery,
    Service,
    ServiceEntry,
    VirtualService,
    WorkloadEntry,
)
from straightway.api.values import is_ip
from straightway.checks.destination_rules import check_destination_rule
from straightway.checks.gateways import check_gateway
from straightway.checks.model_discoveries import check_model_discovery
from straightway.checks.services import check_service, check_workload_entry
from straightway.checks.transcoders import check_transcoder
from straightway.checks.virtual_services import check_virtual_service
from straightway.documents import Finding, Reference
from straightway.units import Reading

_CHECKS: Mapping[type[ApiObject], Callable[[Reading, Reference], Iterator[Finding]]] = {
    DestinationRule: check_destination_rule,
    Gateway: check_gateway,
    Service: check_service,
    ServiceEntry: check_service,
    WorkloadEntry: check_workload_entry,
    GrpcJsonTranscoder: check_transcoder,
    ModelDiscovery: check_model_discovery,
    VirtualService: check_virtual_service,
}


def has_check(item: ApiObject) -> bool:
    """Whether an object needs a check."""
    # Of tens of thousands of workloads, only those with host names as addresses can be wrong.
    if isinstance(item, WorkloadEntry):
        return not is_ip(item.spec.address)
    if isinstance(item, Gateway):
        return any(item.credentials)
    return type(item) in _CHECKS


def check(reading: Reading, reference: Reference) -> tuple[Finding, ...]:
    """Return everything that is wrong between an object and the others."""
    item = reading.object(ApiObject, reference)
    return tuple(_CHECKS[type(item)](reading, reference)) if item is not None else ()
