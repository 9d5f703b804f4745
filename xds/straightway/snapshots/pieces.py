"""The pieces of a snapshot: its expensive units, in an order in which they can be computed.

A snapshot computed at once blocks the event loop; computed piece by piece, it yields in between.
The pieces are the units that the snapshot uses anyway.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from straightway.catalog import keys
from straightway.proxies.audience import Audience, Role
from straightway.routing.istio.gateways import bound_ports, hosts_of
from straightway.routing.istio.rules import rule_view
from straightway.routing.istio.virtual_hosts import Scope
from straightway.snapshots.audiences import clusters_in
from straightway.snapshots.clusters import cluster_resource
from straightway.snapshots.routes import encoded_host, encoded_service_host
from straightway.units import Call, Units


def pieces_of(units: Units, audience: Audience) -> Iterator[Call]:
    """Yield the pieces of an audience's snapshot; compute each before requesting the next."""
    view = units.get(Call(rule_view, (audience.namespace,)))
    if audience.role is Role.GATEWAY:
        yield from _gateway_pieces(units, audience, view)
    else:
        yield from _sidecar_pieces(units, audience, view)


def _gateway_pieces(units: Units, audience: Audience, view: str) -> Iterator[Call]:
    for bound in units.get(Call(bound_ports, (audience,))):
        scope = Scope(bound.ports, bound.gateways, view)
        for routes in chain.from_iterable(units.get(Call(hosts_of, (bound,)))):
            piece = Call(encoded_host, (*routes, scope))
            yield piece
            encoded = units.get_or_none(piece)
            for key in encoded.clusters if encoded is not None else ():
                yield Call(cluster_resource, (key,))


def _sidecar_pieces(units: Units, audience: Audience, view: str) -> Iterator[Call]:
    catalog = units.catalog
    for namespace in sorted(catalog.values_at(keys.SERVICE_NAMESPACES)):
        yield Call(clusters_in, (namespace, view))
    for port in sorted(catalog.values_at(keys.HTTP_PORTS)):
        for namespace in sorted(catalog.values_at(keys.http_namespaces(port))):
            is_local = namespace == audience.namespace
            for hostname in catalog.hostnames_at(keys.http_services(port, namespace)):
                yield Call(encoded_service_host, (hostname, port, view, is_local))
