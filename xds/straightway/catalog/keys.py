"""Keys: the names of everything that can be looked up in the catalog and can change.

A change of the catalog returns the keys whose values differ. An object's key is its
:class:`~straightway.documents.Reference`, which is also that of what a workload was observed to
hold; all others are made here. A key exists whether or not there is anything under it, so a reader
that found nothing is notified when that changes.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import TypeAlias

from straightway.api import ApiObject

Key: TypeAlias = Hashable

# --- Lists of objects, oldest first ----------------------------------------------------------


def of_kind(kind: type[ApiObject]) -> Key:
    """Name all objects of a kind."""
    return ("kind", kind)


def bound_to(gateway: str) -> Key:
    """Name the VirtualServices that bind to a Gateway (``namespace/name``)."""
    return ("bound-to", gateway)


def for_mesh_host(host: str) -> Key:
    """Name the VirtualServices for sidecars that may route a hostname."""
    return ("for-mesh-host", host)


def rules_in(namespace: str) -> Key:
    """Name the DestinationRules of a namespace."""
    return ("rules-in", namespace)


def rules_for(namespace: str, host: str) -> Key:
    """Name the DestinationRules of a namespace that may apply to a hostname."""
    return ("rules-for", namespace, host)


def wildcard_rules(namespace: str) -> Key:
    """Name the DestinationRules of a namespace whose hosts are wildcards."""
    return ("wildcard-rules", namespace)


def labelled(namespace: str, key: str, value: str) -> Key:
    """Name the WorkloadEntries and Pods with a label, if services select by labels of its key."""
    return ("labelled", namespace, key, value)


def slices_of(hostname: str) -> Key:
    """Name the EndpointSlices of a service."""
    return ("slices-of", hostname)


def claiming(hostname: str) -> Key:
    """Name the Services and ServiceEntries that have a hostname; the first is in force."""
    return ("claiming", hostname)


WITH_CREDENTIALS: Key = ("with-credentials",)
"""The Gateways and ModelDiscoveries that name Secrets."""

# --- Services: one by its hostname, or lists of hostnames -------------------------------------


def service(hostname: str) -> Key:
    """Name the service with a hostname."""
    return ("service", hostname)


def services_in(namespace: str) -> Key:
    """Name the services of a namespace."""
    return ("services-in", namespace)


def http_services(port: int, namespace: str) -> Key:
    """Name the services of a namespace that speak HTTP at a port."""
    return ("http-services", port, namespace)


def selecting(namespace: str, key: str, value: str) -> Key:
    """Name the services whose selector starts with a label."""
    return ("selecting", namespace, key, value)


def with_address(address: str) -> Key:
    """Name the services that have a virtual IP address."""
    return ("with-address", address)


def aliases_of(hostname: str) -> Key:
    """Name the services that are aliases of a service."""
    return ("aliases-of", hostname)


def named(label: str) -> Key:
    """Name the services whose hostnames start with this label, in any namespace."""
    return ("named", label)


# --- Sets of what there is --------------------------------------------------------------------

MESH_HOSTS: Key = ("mesh-hosts",)
"""The hosts that VirtualServices for sidecars name, wildcards included."""
SERVICE_NAMESPACES: Key = ("service-namespaces",)
"""The namespaces that have services."""
HTTP_PORTS: Key = ("http-ports",)
"""The ports at which some service speaks HTTP."""
NAMESPACES: Key = ("namespaces",)
"""The namespaces with any object that affects what a proxy there is sent."""
PROXY_LABELS: Key = ("proxy-labels",)
"""The labels, as pairs of key and value, by which objects select proxies."""
LABEL_NAMES: Key = ("label-names",)
"""The names of all labels and annotations of workloads that some object reads."""


def http_namespaces(port: int) -> Key:
    """Name the namespaces that have services which speak HTTP at a port."""
    return ("http-namespaces", port)
