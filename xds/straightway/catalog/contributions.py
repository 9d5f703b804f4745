"""What each object and service adds to the catalog's indexes: the keys that list it."""

from __future__ import annotations

from collections.abc import Container, Iterator

from straightway.api import (
    ApiObject,
    DestinationRule,
    EndpointSlice,
    Gateway,
    GrpcJsonTranscoder,
    ModelDiscovery,
    Pod,
    VirtualService,
    WorkloadEntry,
)
from straightway.catalog import keys
from straightway.catalog.gateways import MESH, gateways_of
from straightway.catalog.keys import Key
from straightway.catalog.labels import labels_of
from straightway.catalog.services import (
    RegisteredService,
    candidate_hostnames,
    service_hostname,
    services_of,
)

WORKLOAD_KINDS = frozenset({"WorkloadEntry", "Pod", "EndpointSlice"})

LabelKey = tuple[str, str]
"""A namespace, and a label key by which something there selects workloads."""


def object_keys(item: ApiObject | None, label_keys: Container[LabelKey]) -> frozenset[Key]:
    """Return the keys under which an object is listed; none for None."""
    if item is None:
        return frozenset()
    return frozenset(_object_keys(item, label_keys))


def _object_keys(item: ApiObject, label_keys: Container[LabelKey]) -> Iterator[Key]:
    namespace = item.metadata.namespace
    if isinstance(item, WorkloadEntry | Pod):
        for key, value in labels_of(item).items():
            if (namespace, key) in label_keys:
                yield keys.labelled(namespace, key, value)
    elif isinstance(item, EndpointSlice):
        if item.service_name:
            yield keys.slices_of(service_hostname(item.service_name, namespace))
    else:
        yield keys.of_kind(type(item))
        if isinstance(item, VirtualService):
            yield from _virtual_service_keys(item)
        elif isinstance(item, DestinationRule):
            yield from _rule_keys(item)
        elif _names_secrets(item):
            yield keys.WITH_CREDENTIALS
        for service in services_of(item):
            yield keys.claiming(service.hostname)


def _names_secrets(item: ApiObject) -> bool:
    if isinstance(item, ModelDiscovery):
        return item.spec.credential_name is not None
    return isinstance(item, Gateway) and any(item.credentials)


def _virtual_service_keys(item: VirtualService) -> Iterator[Key]:
    gateways = gateways_of(item)
    for gateway in gateways - {MESH}:
        yield keys.bound_to(gateway)
    if MESH in gateways:
        for host in item.spec.hosts:
            for candidate in candidate_hostnames(host, item.metadata.namespace):
                yield keys.for_mesh_host(candidate)


def _rule_keys(item: DestinationRule) -> Iterator[Key]:
    namespace, host = item.metadata.namespace, item.spec.host
    yield keys.rules_in(namespace)
    for candidate in candidate_hostnames(host, namespace):
        yield keys.rules_for(namespace, candidate)
    if host.startswith("*"):
        yield keys.wildcard_rules(namespace)


def label_names(item: ApiObject) -> frozenset[str]:
    """Return the names of the labels and annotations of workloads and proxies that an object reads.

    Whatever reads another label of a Pod or WorkloadEntry would miss its changes: sources keep
    these to themselves. A name stands for those that begin with it and a slash, too.
    """
    if isinstance(item, DestinationRule):
        return frozenset(_subset_names(item))
    if isinstance(item, Gateway):
        return frozenset(item.spec.selector)
    if isinstance(item, GrpcJsonTranscoder):
        return frozenset(item.spec.workload_selector)
    if isinstance(item, ModelDiscovery):
        selector = item.spec.workload_selector
        return frozenset(selector.match_labels) if selector is not None else frozenset()
    return frozenset(name for each in services_of(item) for name, _ in each.selector or ())


def _subset_names(rule: DestinationRule) -> Iterator[str]:
    for subset in rule.spec.subsets:
        yield from subset.labels
    for policy in (rule.spec.traffic_policy, *(each.traffic_policy for each in rule.spec.subsets)):
        balancer = policy.load_balancer if policy is not None else None
        dynamic = balancer.dynamic_subset if balancer is not None else None
        if dynamic is not None:
            yield from dynamic.keys
            yield from dynamic.default_subset


def object_values(item: ApiObject | None) -> Iterator[tuple[Key, object]]:
    """Yield what an object adds to the value sets."""
    if item is None:
        return
    for name in label_names(item):
        yield keys.LABEL_NAMES, name
    if isinstance(item, DestinationRule | GrpcJsonTranscoder):
        yield keys.NAMESPACES, item.metadata.namespace
    if isinstance(item, Gateway):
        for pair in item.spec.selector.items():
            yield keys.PROXY_LABELS, pair
    if isinstance(item, GrpcJsonTranscoder):
        for pair in item.spec.workload_selector.items():
            yield keys.PROXY_LABELS, pair
    if isinstance(item, VirtualService) and MESH in gateways_of(item):
        for host in item.spec.hosts:
            yield keys.MESH_HOSTS, next(candidate_hostnames(host, item.metadata.namespace))


def service_keys(service: RegisteredService | None) -> frozenset[Key]:
    """Return the keys under which a service is listed; none for None."""
    return frozenset(_service_keys(service)) if service is not None else frozenset()


def _service_keys(service: RegisteredService) -> Iterator[Key]:
    yield keys.services_in(service.namespace)
    yield keys.named(service.hostname.partition(".")[0])
    for port in service.ports:
        if port.protocol.is_http:
            yield keys.http_services(port.number, service.namespace)
    for address in service.addresses:
        yield keys.with_address(address)
    if service.selector:
        yield keys.selecting(service.namespace, *service.selector[0])
    if service.alias_of:
        yield keys.aliases_of(service.alias_of)


def service_values(service: RegisteredService | None) -> Iterator[tuple[Key, object]]:
    """Yield what a service adds to the value sets."""
    if service is None:
        return
    yield keys.NAMESPACES, service.namespace
    yield keys.SERVICE_NAMESPACES, service.namespace
    for port in service.ports:
        if port.protocol.is_http:
            yield keys.HTTP_PORTS, port.number
            yield keys.http_namespaces(port.number), service.namespace
    for pair in service.selector or ():
        yield keys.PROXY_LABELS, pair


def label_keys_in(item: ApiObject | None) -> Iterator[LabelKey]:
    """Yield the label key by which an object itself finds workloads."""
    if isinstance(item, ModelDiscovery) and item.spec.workload_selector is not None:
        yield item.metadata.namespace, min(item.spec.workload_selector.match_labels)


def label_keys_of(service: RegisteredService | None) -> Iterator[LabelKey]:
    """Yield the label key by which workloads of a service are found."""
    if service is not None and service.selector:
        yield service.namespace, service.selector[0][0]
