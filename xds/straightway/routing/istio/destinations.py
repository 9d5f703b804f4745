"""Destinations: from the destination in a route to its cluster."""

from __future__ import annotations

from typing import NamedTuple

from straightway.api.destination_rule import Subset
from straightway.api.virtual_service import Destination
from straightway.catalog import RegisteredService, ServicePort
from straightway.routing.istio.rules import MergedRule, View, rule_home, rule_in
from straightway.routing.istio.services import port_of, resolve
from straightway.units import Reading


class ClusterKey(NamedTuple):
    """The identity of one cluster of a service.

    ``rule_home`` is the namespace whose DestinationRule applies, empty for none; ``subset`` the
    name of one of its subsets, empty for all endpoints. Namespaces with the same rule share the
    cluster.
    """

    hostname: str
    port: int
    subset: str = ""
    rule_home: str = ""


class Chosen(NamedTuple):
    """The objects behind a key: everything that its cluster is made from."""

    service: RegisteredService
    port: ServicePort
    rule: MergedRule | None
    subset: Subset | None


def key_of(
    reading: Reading, destination: Destination, namespace: str, listener_port: int, view: View
) -> ClusterKey | None:
    """Return the key of a destination that an object of ``namespace`` names.

    None if the service, port or subset does not exist.
    """
    service = resolve(reading, destination.host, namespace)
    port = port_of(service, destination, listener_port) if service is not None else None
    if service is None or port is None:
        return None
    key = service_key(reading, service.hostname, port.number, view, destination.subset or "")
    return key if not key.subset or chosen(reading, key) else None


def service_key(
    reading: Reading, hostname: str, port: int, view: View, subset: str = ""
) -> ClusterKey:
    """Return the key of a service's port as seen by clients in a view."""
    return ClusterKey(hostname, port, subset, reading.make(rule_home, hostname, view.home))


def chosen(reading: Reading, key: ClusterKey) -> Chosen | None:
    """Return the objects behind a key, or None if one of them no longer exists."""
    service = reading.service(key.hostname)
    port = service.port(key.port) if service is not None else None
    rule = None
    if key.rule_home:
        rule = reading.make(rule_in, key.rule_home, key.hostname)
    subset = rule.subset(key.subset) if rule is not None else None
    if service is None or port is None or (key.subset and subset is None):
        return None
    return Chosen(service, port, rule, subset)
