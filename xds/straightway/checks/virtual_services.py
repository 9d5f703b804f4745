"""VirtualServices: Gateways, hosts, ports, subsets and subset keys that do not exist; aliases.

Which DestinationRule applies depends on the client: at a Gateway the proxies of its namespace, in
the mesh the sidecars of the VirtualService's own namespace.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from straightway.api import Gateway, VirtualService
from straightway.api.texts import quoted
from straightway.api.virtual_service import Destination, HttpRoute
from straightway.catalog import CatalogCode, RegisteredService, keys
from straightway.catalog.gateways import MESH, gateway_name, gateway_reference, gateways_of
from straightway.catalog.hosts import intersection
from straightway.checks.aliases import check_rule_host, unknown_target
from straightway.checks.suggestions import Path, suggestion, unknown_host
from straightway.documents import Finding, Reference
from straightway.routing.istio.gateways import admitted
from straightway.routing.istio.policies import policy_of
from straightway.routing.istio.rules import MergedRule, rule_home, rule_in, rule_view
from straightway.routing.istio.services import port_of, resolve
from straightway.units import Reading

_MOST_NAMED = 10


def check_virtual_service(reading: Reading, reference: Reference) -> Iterator[Finding]:
    """Yield everything that is wrong between a VirtualService and the other objects."""
    virtual_service = reading.object(VirtualService, reference)
    if virtual_service is None:
        return
    yield from _check_gateways(reading, virtual_service)
    bound = gateways_of(virtual_service)
    named = [_gateway(reading, name) for name in sorted(bound - {MESH})]
    gateways = [gateway for gateway in named if gateway is not None]
    if len(gateways) == len(bound):  # All are known, and none is the mesh.
        yield from _check_hosts(reading, virtual_service, gateways)
    if MESH in bound:
        for index, host in enumerate(virtual_service.spec.hosts):
            yield from check_rule_host(reading, reference, ("spec", "hosts", index), host)
    clients = _clients(reading, reference, bound, gateways)
    seen: dict[tuple[Path, str], Finding] = {}
    for index, http in enumerate(virtual_service.spec.http):
        for client in clients:
            routes = _Routes(reading, reference, client)
            for finding in routes.check(http, ("spec", "http", index)):
                seen.setdefault((finding.path, finding.code), finding)
    yield from seen.values()


def _gateway(reading: Reading, name: str) -> Gateway | None:
    return reading.object(Gateway, gateway_reference(name))


def _check_gateways(reading: Reading, virtual_service: VirtualService) -> Iterator[Finding]:
    spec, subject = virtual_service.spec, virtual_service.reference
    yield from _unknown_gateways(reading, subject, spec.gateways, ("spec", "gateways"))
    for number, http in enumerate(spec.http):
        for index, match in enumerate(http.match):
            path = ("spec", "http", number, "match", index, "gateways")
            yield from _unknown_gateways(reading, subject, match.gateways, path)


def _unknown_gateways(
    reading: Reading, subject: Reference, written: Iterable[str], path: Path
) -> Iterator[Finding]:
    for index, text in enumerate(written):
        name = gateway_name(text, subject.namespace)
        if name != MESH and _gateway(reading, name) is None:
            # Only here: what reads this list is checked again whenever a Gateway comes or goes.
            known = [each.namespaced_name for each in reading.objects(keys.of_kind(Gateway))]
            message = f"There is no Gateway {quoted(name)}.{suggestion(name, known)}"
            yield Finding(subject, (*path, index), CatalogCode.UNKNOWN_GATEWAY, message)


def _check_hosts(
    reading: Reading, virtual_service: VirtualService, gateways: Iterable[Gateway]
) -> Iterator[Finding]:
    """Report the hosts that no Gateway of a VirtualService serves."""
    namespace = virtual_service.metadata.namespace
    patterns = {
        pattern
        for gateway in gateways
        for pattern in reading.make(admitted, gateway.reference, namespace)
    }
    wildcards = [pattern for pattern in patterns if pattern.startswith("*")]
    for index, host in enumerate(virtual_service.spec.hosts):
        others = patterns if host.startswith("*") else wildcards
        if host in patterns or any(intersection(each, host) is not None for each in others):
            continue
        served = ", ".join(sorted(patterns)[:_MOST_NAMED]) or "none"
        message = (
            f"No server of its Gateways serves {quoted(host)}, so it routes nothing there. Their "
            f"hosts for this namespace: {served}{', …' if len(patterns) > _MOST_NAMED else ''}."
        )
        path = ("spec", "hosts", index)
        yield Finding(virtual_service.reference, path, CatalogCode.HOST_NOT_IN_GATEWAY, message)


@dataclass(frozen=True, slots=True)
class _Client:
    """The clients: proxies in a view, at some ports; no ports if clients may call any."""

    view: str
    ports: tuple[int, ...]


def _clients(
    reading: Reading, reference: Reference, bound: frozenset[str], gateways: Iterable[Gateway]
) -> list[_Client]:
    clients: dict[_Client, None] = {}
    if MESH in bound:
        clients[_Client(reading.make(rule_view, reference.namespace), ())] = None
    for gateway in gateways:
        ports = tuple(sorted({server.port.number for server in gateway.spec.servers}))
        clients[_Client(reading.make(rule_view, gateway.metadata.namespace), ports)] = None
    return list(clients)


@dataclass(frozen=True, slots=True)
class _Routes:
    """Checks routes from the perspective of one kind of client."""

    reading: Reading
    subject: Reference
    client: _Client

    def check(self, http: HttpRoute, path: Path) -> Iterator[Finding]:
        for index, route in enumerate(http.route):
            destination = route.destination
            at = (*path, "route", index, "destination")
            service = resolve(self.reading, destination.host, self.subject.namespace)
            if service is None:
                yield unknown_host(self.reading, self.subject, (*at, "host"), destination.host)
                continue
            if service.alias_of:
                host = destination.host
                yield unknown_target(self.reading, self.subject, (*at, "host"), host, service)
                continue
            yield from self._check_port(destination, service, at)
            yield from self._check_subset(destination, service, at)
            yield from self._check_subset_keys(http, destination, service, path)

    def _check_port(
        self, destination: Destination, service: RegisteredService, path: Path
    ) -> Iterator[Finding]:
        ports = self.client.ports or tuple(port.number for port in service.ports)
        if any(port_of(service, destination, port) is not None for port in ports):
            return
        numbers = ", ".join(str(port.number) for port in service.ports) or "none"
        if destination.port is None:
            message = f"{service.hostname} has the ports {numbers}: choose one with port.number."
            yield Finding(self.subject, path, CatalogCode.UNKNOWN_PORT, message)
        else:
            number = destination.port.number
            message = f"{service.hostname} has no port {number}; its ports: {numbers}."
            path = (*path, "port", "number")
            yield Finding(self.subject, path, CatalogCode.UNKNOWN_PORT, message)

    def _rule(self, service: RegisteredService) -> MergedRule | None:
        home = self.reading.make(rule_home, service.hostname, self.client.view)
        return self.reading.make(rule_in, home, service.hostname) if home else None

    def _check_subset(
        self, destination: Destination, service: RegisteredService, path: Path
    ) -> Iterator[Finding]:
        if not destination.subset:
            return
        rule = self._rule(service)
        known = {subset.name for subset in rule.subsets} if rule else set()
        if destination.subset not in known:
            message = (
                f"No DestinationRule for {service.hostname} has a subset "
                f"{quoted(destination.subset)}.{suggestion(destination.subset, known)}"
            )
            yield Finding(self.subject, (*path, "subset"), CatalogCode.UNKNOWN_SUBSET, message)

    def _check_subset_keys(
        self, http: HttpRoute, destination: Destination, service: RegisteredService, path: Path
    ) -> Iterator[Finding]:
        """Report keys that can never choose a subset at a destination."""
        if not http.header_to_dynamic_subset_key and not http.dynamic_subset_keys:
            return
        rule = self._rule(service)
        known = _subset_keys(rule, destination.subset)
        for at, key, what in _written_keys(http):
            if key in known:
                continue
            where = f"{rule.references[0]}" if rule else f"a DestinationRule for {service.hostname}"
            message = (
                f"No selector of {where} has the key {quoted(key)}, so {what} chooses nothing. Add "
                f"the key to dynamicSubset.subsetSelectors there.{suggestion(key, known)}"
            )
            found = (*path, *at, "key")
            yield Finding(self.subject, found, CatalogCode.SUBSET_KEY_WITHOUT_SELECTOR, message)


def _written_keys(http: HttpRoute) -> Iterator[tuple[Path, str, str]]:
    """Yield the entries of a route that say where a key is: path, key, and what chooses."""
    for index, mapping in enumerate(http.header_to_dynamic_subset_key):
        yield ("headerToDynamicSubsetKey", index), mapping.key, f'the header "{mapping.header}"'
    for index, entry in enumerate(http.dynamic_subset_keys):
        yield ("dynamicSubsetKeys", index), entry.key, "this entry"


def _subset_keys(rule: MergedRule | None, name: str | None) -> frozenset[str]:
    """Return the selector keys of a rule, or of one of its named subsets."""
    if rule is None:
        return frozenset()
    subset = rule.subset(name or "")
    subsets = policy_of(rule.traffic_policy, subset.traffic_policy if subset else None).subsets
    selectors = subsets.selectors if subsets is not None else ()
    return frozenset(key for selector in selectors for key in selector.keys)
