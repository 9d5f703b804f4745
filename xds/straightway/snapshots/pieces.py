"""The pieces of a snapshot: its expensive units, in an order in which they can be computed.

A snapshot computed at once blocks the event loop; computed piece by piece, it yields in between.
The pieces are the units that the snapshot uses anyway. Parts that are up to date have none, so a
small change of a large config has few.
"""

from __future__ import annotations

from collections.abc import Iterator

from straightway.catalog import keys
from straightway.proxies.audience import Audience, Role
from straightway.routing.istio.gateways import BoundPort, bound_ports, hosts_of
from straightway.routing.istio.rules import rule_view
from straightway.routing.istio.virtual_hosts import Scope
from straightway.snapshots.audiences import clusters_in, clusters_of_service, mesh_clusters
from straightway.snapshots.clusters import cluster_resource
from straightway.snapshots.routes import (
    encoded_host,
    encoded_hosts,
    encoded_namespace,
    encoded_namespaces,
    encoded_service_host,
    gateway_routes,
    namespace_blocks,
    service_blocks,
)
from straightway.units import Call, Units


def pieces_of(units: Units, audience: Audience) -> Iterator[Call]:
    """Yield the pieces of an audience's snapshot; make each before the next is asked for."""
    view = units.get(Call(rule_view, (audience.namespace,)))
    if audience.role is Role.GATEWAY:
        for bound in units.get(Call(bound_ports, (audience,))):
            if not units.is_fresh(Call(gateway_routes, (bound, view))):
                yield from _route_pieces(units, bound, view)
    else:
        yield from _cluster_pieces(units, view)
        yield from _host_pieces(units, audience, view)


def _route_pieces(units: Units, bound: BoundPort, view: str) -> Iterator[Call]:
    """Yield the virtual hosts of a gateway's port, and the clusters that they name."""
    scope = Scope(bound.ports, bound.gateways, view)
    for block in units.get(Call(hosts_of, (bound,))):
        if units.is_fresh(Call(encoded_hosts, (encoded_host, block, (scope,)))):
            continue
        for routes in block:
            piece = Call(encoded_host, (*routes, scope))
            if units.is_fresh(piece):
                continue  # Its clusters, too, or they are recomputed one by one.
            yield piece
            encoded = units.get_or_none(piece)
            for key in encoded.clusters if encoded is not None else ():
                yield Call(cluster_resource, (key,))


def _cluster_pieces(units: Units, view: str) -> Iterator[Call]:
    """Yield the clusters of all services, as sidecars in a view see them."""
    if units.is_fresh(Call(mesh_clusters, (view,))):
        return
    catalog = units.catalog
    for namespace in sorted(catalog.values_at(keys.SERVICE_NAMESPACES)):
        whole = Call(clusters_in, (namespace, view))
        if units.is_fresh(whole):
            continue
        for hostname in catalog.hostnames_at(keys.services_in(namespace)):
            piece = Call(clusters_of_service, (hostname, view))
            yield piece
            for key in units.get_or_none(piece) or ():
                yield Call(cluster_resource, (key,))
        yield whole


def _host_pieces(units: Units, audience: Audience, view: str) -> Iterator[Call]:
    """Yield the virtual hosts of sidecars for all services."""
    catalog = units.catalog
    for port in sorted(catalog.values_at(keys.HTTP_PORTS)):
        for block in units.get(Call(namespace_blocks, (port,))):
            if audience.namespace in block:
                for each in block:
                    yield from _service_pieces(units, port, each, view, each == audience.namespace)
            elif not units.is_fresh(Call(encoded_namespaces, (port, block, view))):
                for each in block:
                    yield from _service_pieces(units, port, each, view, False)
                yield Call(encoded_namespaces, (port, block, view))


def _service_pieces(
    units: Units, port: int, namespace: str, view: str, is_local: bool
) -> Iterator[Call]:
    """Yield the virtual hosts of sidecars for the services of a namespace."""
    if units.is_fresh(Call(encoded_namespace, (port, namespace, view, is_local))):
        return
    rest = (port, view, is_local)
    for block in units.get(Call(service_blocks, (port, namespace))):
        if not units.is_fresh(Call(encoded_hosts, (encoded_service_host, block, rest))):
            for host in block:
                yield Call(encoded_service_host, (*host, *rest))
