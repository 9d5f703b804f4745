"""What each audience is sent: a gateway's or a sidecar's listeners, routes and clusters."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from straightway.catalog import keys
from straightway.discovery import Resource
from straightway.proxies.audience import Audience, Role
from straightway.routing.istio.clusters import loader_key
from straightway.routing.istio.destinations import ClusterKey, service_key
from straightway.routing.istio.gateways import bound_ports
from straightway.routing.istio.rules import View, rule_in, rule_view
from straightway.snapshots.clusters import ClusterSet, cluster_set, joined
from straightway.snapshots.listeners import (
    gateway_listener,
    inbound_listener,
    outbound_listener,
    sidecar_listener,
)
from straightway.snapshots.routes import Routes, gateway_routes, sidecar_routes
from straightway.snapshots.snapshot import Snapshot
from straightway.translate.clusters import (
    Message,
    black_hole_cluster,
    inbound_passthrough_cluster,
    passthrough_cluster,
)
from straightway.translate.listeners import CAPTURING_PORTS
from straightway.units import Call, Reading


def snapshot_of(reading: Reading, audience: Audience) -> Snapshot:
    """Return what an audience is sent."""
    if audience.role is Role.GATEWAY:
        return _gateway_snapshot(reading, audience)
    return _sidecar_snapshot(reading, audience)


def _gateway_snapshot(reading: Reading, audience: Audience) -> Snapshot:
    """Return a gateway's snapshot: a listener with routes per port, and the clusters they use."""
    view = View(reading.make(rule_view, audience.namespace), audience.leaves_subsets)
    ports = reading.make(bound_ports, audience)
    routes: list[Routes] = _made(reading, (Call(gateway_routes, (each, view)) for each in ports))
    used = frozenset[ClusterKey]().union(*(each.clusters for each in routes))
    clusters = reading.make(clusters_used, used, view)
    return Snapshot(
        clusters=(*clusters.clusters, reading.make(static_cluster, black_hole_cluster)),
        listeners=tuple(
            _made(reading, (Call(gateway_listener, (each, audience)) for each in ports))
        ),
        routes=tuple(each.resource for each in routes),
        assignments=clusters.assignments,
    )


def clusters_used(reading: Reading, used: frozenset[ClusterKey], view: View) -> ClusterSet:
    """Return the clusters that some routes use, with their loaders, in order."""
    if view.leaves_subsets:
        loaders = (reading.make(loader_key, key, view) for key in used)
        used = used.union(key for key in loaders if key is not None)
    return reading.make(cluster_set, tuple(sorted(used)), view.leaves_subsets)


def _sidecar_snapshot(reading: Reading, audience: Audience) -> Snapshot:
    """Return the snapshot of a namespace's sidecars: every HTTP port of every service.

    Ports on which the application itself listens are left to it. Other ports need no listener:
    unclaimed traffic passes through to its original destination.
    """
    view = View(reading.make(rule_view, audience.namespace), audience.leaves_subsets)
    captured = audience.captured
    taken = CAPTURING_PORTS if captured else audience.own_ports
    ports = sorted(reading.values(keys.HTTP_PORTS).difference(taken))
    clusters = reading.make(mesh_clusters, view)
    static = [black_hole_cluster, passthrough_cluster]
    versions = (audience.finds_keys, audience.leaves_subsets)
    listeners = [Call(sidecar_listener, (port, captured, *versions)) for port in ports]
    routes = [
        Call(sidecar_routes, (port, _local(reading, audience.namespace, port), view, captured))
        for port in ports
    ]
    if captured:
        static.append(inbound_passthrough_cluster)
        listeners += [Call(outbound_listener), Call(inbound_listener)]
    return Snapshot(
        clusters=(*clusters.clusters, *(reading.make(static_cluster, each) for each in static)),
        listeners=tuple(_made(reading, listeners)),
        routes=tuple(_made(reading, routes)),
        assignments=clusters.assignments,
    )


def _made(reading: Reading, calls: Iterable[Call]) -> list[Any]:
    """Return the values of units, without those that a bug has always kept from being computed."""
    found = (reading.value_or_none(call) for call in calls)
    return [value for value in found if value is not None]


def _local(reading: Reading, namespace: str, port: int) -> str:
    return namespace if reading.hostnames(keys.http_services(port, namespace)) else ""


def mesh_clusters(reading: Reading, view: View) -> ClusterSet:
    """Return the clusters of all services as seen by clients in a view."""
    namespaces = sorted(reading.values(keys.SERVICE_NAMESPACES))
    return joined(reading.make(clusters_in, namespace, view) for namespace in namespaces)


def clusters_in(reading: Reading, namespace: str, view: View) -> ClusterSet:
    """Return the clusters of all services of a namespace, with those of their named subsets."""
    found = [
        key
        for hostname in reading.hostnames(keys.services_in(namespace))
        for key in reading.make(clusters_of_service, hostname, view)
    ]
    return reading.make(cluster_set, tuple(found), view.leaves_subsets)


def clusters_of_service(reading: Reading, hostname: str, view: View) -> tuple[ClusterKey, ...]:
    """Return what distinguishes a service's clusters: its ports, and a rule's named subsets."""
    service = reading.service(hostname)
    found = []
    for port in service.ports if service is not None else ():
        key = service_key(reading, hostname, port.number, view)
        rule = reading.make(rule_in, key.rule_home, hostname) if key.rule_home else None
        subsets = [subset.name for subset in rule.subsets] if rule is not None else []
        found += [key, *(key._replace(subset=subset) for subset in subsets)]
    return tuple(found)


def static_cluster(_reading: Reading, make: Callable[[], Message]) -> Resource:
    """Return one of the few constant clusters."""
    cluster = make()
    return Resource.of(cluster.name, cluster)
