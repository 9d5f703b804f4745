"""The pieces of a snapshot: its expensive units, in an order in which they can be computed.

A snapshot computed at once blocks the event loop; computed piece by piece, it yields in between.
The pieces are the units that the snapshot uses anyway. Parts that are up to date have none, so a
small change of a large config has few.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from straightway.catalog import keys
from straightway.proxies.audience import Audience, Role
from straightway.routing.istio.gateways import (
    BoundPort,
    bound_ports,
    hosts_of,
    served_hosts,
)
from straightway.routing.istio.rules import View, rule_view
from straightway.routing.istio.virtual_hosts import Scope
from straightway.snapshots.audiences import (
    clusters_in,
    clusters_of_service,
    mesh_clusters,
    snapshot_of,
)
from straightway.snapshots.clusters import cluster_call
from straightway.snapshots.routes import (
    EncodedHosts,
    Hosts,
    encoded_host,
    encoded_hosts,
    encoded_namespace,
    encoded_namespaces,
    encoded_other_host,
    encoded_others,
    encoded_service_host,
    gateway_routes,
    namespace_blocks,
    other_blocks,
    service_blocks,
)
from straightway.units import Call, Units


def pieces_of(units: Units, audience: Audience) -> Iterator[Call]:
    """Yield the pieces of an audience's snapshot; make each before the next is asked for.

    What is new comes first: the parts of what is composed of other parts than before. Then comes
    what has changed, wherever it is.
    """
    view = View(units.get(Call(rule_view, (audience.namespace,))), audience.leaves_subsets)
    if audience.role is Role.GATEWAY:
        for bound in units.get(Call(bound_ports, (audience,))):
            yield from _route_pieces(units, bound, view)
    else:
        yield from _cluster_pieces(units, view)
        yield from _host_pieces(units, audience, view)
    yield from units.renewing(Call(snapshot_of, (audience,)))


def _route_pieces(units: Units, bound: BoundPort, view: View) -> Iterator[Call]:
    """Yield the virtual hosts of a gateway's port, and the clusters that they name."""
    whole = Call(gateway_routes, (bound, view))
    if units.is_fresh(whole):
        return
    hosts = Call(hosts_of, (bound,))
    yield from _served_pieces(units, bound, hosts)
    scope = Scope(bound.ports, bound.gateways, view)
    for block in _new_blocks(units, whole, hosts):
        for piece in _hosts_in(units, encoded_host, block, (scope,)):
            yield piece
            if piece.make is encoded_host:
                encoded = units.get_or_none(piece)
                for key in encoded.clusters if encoded is not None else ():
                    yield cluster_call(key, view.leaves_subsets)
    yield from _renewed(units, whole)


def _served_pieces(units: Units, bound: BoundPort, hosts: Call) -> Iterator[Call]:
    """Yield the hosts that each VirtualService has at a port."""
    if units.is_known(hosts):
        yield from units.renewing(hosts)
        return
    for server in bound.servers:
        for reference in units.catalog.objects_at(keys.bound_to(server.gateway.namespaced_name)):
            yield Call(served_hosts, (server, reference))


def _cluster_pieces(units: Units, view: View) -> Iterator[Call]:
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
                yield cluster_call(key, view.leaves_subsets)
        yield whole


def _host_pieces(units: Units, audience: Audience, view: View) -> Iterator[Call]:
    """Yield the virtual hosts of sidecars for all services, and for everything else."""
    catalog = units.catalog
    for port in sorted(catalog.values_at(keys.HTTP_PORTS)):
        for block in units.get(Call(namespace_blocks, (port,))):
            if audience.namespace in block:
                for each in block:
                    yield from _service_pieces(units, port, each, view, each == audience.namespace)
            elif not units.is_fresh(Call(encoded_namespaces, (port, block, view))):
                for each in block:
                    yield from _service_pieces(units, port, each, view, False)
                yield from _renewed(units, Call(encoded_namespaces, (port, block, view)))
        others = Call(encoded_others, (port, view, audience.captured))
        for block in _new_blocks(units, others, Call(other_blocks)):
            yield from _hosts_in(units, encoded_other_host, block, (port, view))


def _service_pieces(
    units: Units, port: int, namespace: str, view: View, is_local: bool
) -> Iterator[Call]:
    """Yield the virtual hosts of sidecars for the services of a namespace."""
    whole = Call(encoded_namespace, (port, namespace, view, is_local))
    for block in _new_blocks(units, whole, Call(service_blocks, (port, namespace))):
        yield from _hosts_in(units, encoded_service_host, block, (port, view, is_local))


def _new_blocks(units: Units, whole: Call, blocks: Call) -> tuple[Hosts, ...]:
    """Return the blocks that a unit is composed of if they are others than before."""
    if units.is_fresh(whole):
        return ()
    found: tuple[Hosts, ...] = units.get(blocks)
    return () if units.has_seen(whole, blocks) else found


def _hosts_in(
    units: Units, make: Callable[..., EncodedHosts | None], block: Hosts, rest: tuple[Any, ...]
) -> Iterator[Call]:
    """Yield the virtual hosts of a block that are new or stale, and the block."""
    whole = Call(encoded_hosts, (make, block, rest))
    if units.is_fresh(whole):
        return
    if not units.is_known(whole):
        for host in block:
            if not units.is_fresh(piece := Call(make, (*host, *rest))):
                yield piece
    yield from _renewed(units, whole)


def _renewed(units: Units, call: Call) -> Iterator[Call]:
    """Yield what is stale below a unit, and the unit."""
    yield from units.renewing(call)
    yield call
