"""Checks: what is wrong between objects, each of which is right in itself.

Most of it are warnings, because the missing half may come later; until then requests for it
answer 503.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches

from straightway.api import ApiObject, DestinationRule, Gateway, VirtualService
from straightway.api.values import is_ip
from straightway.api.virtual_service import Destination, HttpRoute
from straightway.catalog.catalog import Catalog
from straightway.catalog.codes import CatalogCode
from straightway.catalog.endpoints import labels_of
from straightway.catalog.gateways import MESH, gateway_name
from straightway.catalog.hosts import admitted_hosts, intersection
from straightway.catalog.rules import policy_of, subset_of
from straightway.catalog.services import RegisteredService, Resolution, services_of
from straightway.documents import Finding, Reference

Path = tuple[str | int, ...]


def check(catalog: Catalog) -> Iterator[Finding]:
    """Yield everything that is wrong between the objects of a catalog."""
    for source in catalog.service_sources:
        yield from _check_hostnames(source, catalog)
    yield from _check_rules(catalog)
    gateways = {
        f"{gateway.metadata.namespace}/{gateway.metadata.name}": gateway
        for gateway in catalog.gateways
    }
    for virtual_service in catalog.virtual_services:
        yield from _check_gateways(virtual_service, gateways)
        for index, http in enumerate(virtual_service.spec.http):
            yield from _check_route(virtual_service, http, ("spec", "http", index), catalog)
    yield from _check_addresses(catalog)


def _check_hostnames(source: ApiObject, catalog: Catalog) -> Iterator[Finding]:
    for index, service in enumerate(services_of(source)):
        owner = catalog.services[service.hostname].source
        if owner != source.reference:
            message = (
                f'"{service.hostname}" is the host of {owner} already, which is the one in force. '
                "Take it out of one of the two."
            )
            path = ("spec", "hosts", index)
            yield Finding(source.reference, path, CatalogCode.DUPLICATE_HOST, message)


def _check_rules(catalog: Catalog) -> Iterator[Finding]:
    for rule, first in catalog.rules.shadowed:
        message = (
            f"{first.reference} is for the same host, and it is the one in force. "
            "Merge the two into one."
        )
        code = CatalogCode.DUPLICATE_DESTINATION_RULE
        yield Finding(rule.reference, ("spec", "host"), code, message)
    for rule in catalog.rules:
        host = rule.spec.host
        if host.startswith("*"):
            continue
        service = catalog.resolve(host, rule.metadata.namespace)
        if service is None:
            yield _unknown_host(rule.reference, ("spec", "host"), host, catalog)
        elif service.resolution is Resolution.NONE and _subset_keys(rule, None):
            message = (
                f"{service.hostname} has resolution NONE, so there are no endpoints to choose "
                "from and no subsets: give it resolution STATIC or DNS, and endpoints."
            )
            path = ("spec", "trafficPolicy", "loadBalancer", "dynamicSubset")
            yield Finding(rule.reference, path, CatalogCode.SUBSETS_WITHOUT_ENDPOINTS, message)


def _check_gateways(
    virtual_service: VirtualService, known: Mapping[str, Gateway]
) -> Iterator[Finding]:
    subject = virtual_service.reference
    names = [gateway_name(name, subject.namespace) for name in virtual_service.spec.gateways]
    yield from _unknown_gateways(subject, names, ("spec", "gateways"), known)
    if names and all(name in known for name in names):
        yield from _check_hosts(virtual_service, [known[name] for name in names])
    for number, http in enumerate(virtual_service.spec.http):
        for index, match in enumerate(http.match):
            of_match = [gateway_name(name, subject.namespace) for name in match.gateways]
            path = ("spec", "http", number, "match", index, "gateways")
            yield from _unknown_gateways(subject, of_match, path, known)


def _unknown_gateways(
    subject: Reference, names: list[str], path: Path, known: Mapping[str, Gateway]
) -> Iterator[Finding]:
    for index, name in enumerate(names):
        if name != MESH and name not in known:
            message = f'There is no Gateway "{name}".{_suggestion(name, set(known))}'
            yield Finding(subject, (*path, index), CatalogCode.UNKNOWN_GATEWAY, message)


def _check_hosts(virtual_service: VirtualService, gateways: list[Gateway]) -> Iterator[Finding]:
    """Say which hosts no Gateway of a VirtualService serves."""
    namespace = virtual_service.metadata.namespace
    admitted = {
        pattern
        for gateway in gateways
        for server in gateway.spec.servers
        for pattern in admitted_hosts(gateway, server, namespace)
    }
    for index, host in enumerate(virtual_service.spec.hosts):
        if all(intersection(pattern, host) is None for pattern in admitted):
            message = (
                f'No server of its Gateways serves "{host}", so it routes nothing there. Their '
                f"hosts for this namespace: {', '.join(sorted(admitted)) or 'none'}."
            )
            path = ("spec", "hosts", index)
            yield Finding(virtual_service.reference, path, CatalogCode.HOST_NOT_IN_GATEWAY, message)


def _check_route(
    virtual_service: VirtualService, http: HttpRoute, path: Path, catalog: Catalog
) -> Iterator[Finding]:
    for index, route in enumerate(http.route):
        at = (*path, "route", index, "destination")
        yield from _check_destination(virtual_service, route.destination, at, catalog)
        yield from _check_subset_keys(virtual_service, http, route.destination, path, catalog)


def _check_destination(
    virtual_service: VirtualService, destination: Destination, path: Path, catalog: Catalog
) -> Iterator[Finding]:
    subject = virtual_service.reference
    service = catalog.resolve(destination.host, subject.namespace)
    if service is None:
        yield _unknown_host(subject, (*path, "host"), destination.host, catalog)
        return
    numbers = ", ".join(str(port.number) for port in service.ports) or "none"
    if destination.port is None:
        if len(service.ports) != 1:
            message = f"{service.hostname} has the ports {numbers}: say which, as port.number."
            yield Finding(subject, path, CatalogCode.UNKNOWN_PORT, message)
    elif service.port(destination.port.number) is None:
        message = f"{service.hostname} has no port {destination.port.number}; its ports: {numbers}."
        yield Finding(subject, (*path, "port", "number"), CatalogCode.UNKNOWN_PORT, message)
    yield from _check_named_subset(subject, destination, service, path, catalog)


def _check_named_subset(
    subject: Reference,
    destination: Destination,
    service: RegisteredService,
    path: Path,
    catalog: Catalog,
) -> Iterator[Finding]:
    if not destination.subset:
        return
    rule = catalog.rules.of(service, subject.namespace)
    known = {subset.name for subset in rule.spec.subsets} if rule else set()
    if destination.subset not in known:
        message = (
            f'No DestinationRule for {service.hostname} has a subset "{destination.subset}".'
            f"{_suggestion(destination.subset, known)}"
        )
        yield Finding(subject, (*path, "subset"), CatalogCode.UNKNOWN_SUBSET, message)


def _check_subset_keys(
    virtual_service: VirtualService,
    http: HttpRoute,
    destination: Destination,
    path: Path,
    catalog: Catalog,
) -> Iterator[Finding]:
    """Say which header mappings can never choose a subset at a destination."""
    subject = virtual_service.reference
    service = catalog.resolve(destination.host, subject.namespace)
    if service is None or not http.header_to_dynamic_subset_key:
        return
    rule = catalog.rules.of(service, subject.namespace)
    known = _subset_keys(rule, destination.subset)
    for index, mapping in enumerate(http.header_to_dynamic_subset_key):
        if mapping.key in known:
            continue
        where = f"{rule.reference}" if rule else f"a DestinationRule for {service.hostname}"
        message = (
            f'No selector of {where} has the key "{mapping.key}", so the header '
            f'"{mapping.header}" chooses nothing. Add the key to dynamicSubset.subsetSelectors '
            f"there.{_suggestion(mapping.key, set(known))}"
        )
        at = (*path, "headerToDynamicSubsetKey", index, "key")
        yield Finding(subject, at, CatalogCode.SUBSET_KEY_WITHOUT_SELECTOR, message)


def _subset_keys(rule: DestinationRule | None, subset: str | None) -> frozenset[str]:
    """Return the keys of the dynamic subsets that hold for a rule or one of its named subsets."""
    balancer = policy_of(rule, subset_of(rule, subset or "")).load_balancer
    return balancer.dynamic_subset.keys if balancer and balancer.dynamic_subset else frozenset()


def _check_addresses(catalog: Catalog) -> Iterator[Finding]:
    """Say which WorkloadEntries are left out, for EDS takes no host names."""
    for entry in catalog.workloads.entries:
        if is_ip(entry.spec.address):
            continue
        for service in catalog.services_selecting(entry.metadata.namespace, labels_of(entry)):
            if service.resolution is Resolution.STATIC:
                message = (
                    f'"{entry.spec.address}" is a host name, which {service.hostname} does not '
                    "resolve, so this workload gets none of its requests: write an IP address, "
                    "or use a ServiceEntry with resolution DNS."
                )
                code = CatalogCode.ADDRESS_NOT_RESOLVED
                yield Finding(entry.reference, ("spec", "address"), code, message)


def _unknown_host(subject: Reference, path: Path, host: str, catalog: Catalog) -> Finding:
    # The namespace matters: a short name is looked up in the object's own.
    near = {
        service.hostname
        for service in catalog.services.values()
        if service.hostname.partition(".")[0] == host.partition(".")[0]
    }
    where = "" if "." in host else f" in the namespace {subject.namespace}"
    message = (
        f'There is no Service or ServiceEntry "{host}"{where}; requests for it answer 503.'
        f"{_suggestion(host, set(catalog.services), near)}"
    )
    return Finding(subject, path, CatalogCode.UNKNOWN_HOST, message)


def _suggestion(text: str, known: set[str], near: set[str] | None = None) -> str:
    found = sorted(near or ()) or get_close_matches(text, known, 1)
    return f' Do you mean "{found[0]}"?' if found else ""
