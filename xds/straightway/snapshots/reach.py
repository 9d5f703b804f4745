"""Reach: the audiences that get something of an object, as recorded by the units."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from straightway.api import ApiObject, Gateway, GrpcJsonTranscoder, VirtualService
from straightway.catalog import Catalog, Key, keys
from straightway.catalog.gateways import MESH, gateway_reference, gateways_of
from straightway.catalog.labels import selects
from straightway.catalog.services import services_of
from straightway.documents import Reference
from straightway.proxies.audience import Audience, Role
from straightway.routing.istio.rules import rule_view
from straightway.snapshots.audiences import snapshot_of
from straightway.units import Units

_LOOKED_AT: Final = frozenset({rule_view})
"""Units that read objects to decide which others count; what they read is not sent for that."""


def audiences_of(
    units: Units, reference: Reference, audiences: Iterable[Audience]
) -> frozenset[Audience]:
    """Return those of ``audiences`` that get something of an object, at the cost of its users.

    What binds to gateways by labels is decided by these: every gateway proxy's units read all
    Gateways, to find those that select it.
    """
    item = units.catalog.object(reference)
    if isinstance(item, Gateway):
        return frozenset(each for each in audiences if _is_selected(item, each))
    if isinstance(item, GrpcJsonTranscoder):
        return frozenset(each for each in audiences if _is_transcoding(item, each))
    if isinstance(item, VirtualService):
        return _of_virtual_service(units.catalog, item, audiences)
    found = frozenset(
        node.call.args[0]
        for key in _keys(reference, item)
        for node in units.above(key, without=_LOOKED_AT)
        if node.call.make is snapshot_of
    )
    return frozenset(each for each in audiences if each in found)


def _keys(reference: Reference, item: ApiObject | None) -> Iterator[Key]:
    """Yield the keys under which units read an object: a ServiceEntry is read as its services."""
    yield reference
    for service in services_of(item) if item is not None else ():
        yield keys.service(service.hostname)


def _of_virtual_service(
    catalog: Catalog, item: VirtualService, audiences: Iterable[Audience]
) -> frozenset[Audience]:
    named = gateways_of(item)
    gateways = [catalog.object(gateway_reference(name)) for name in named - {MESH}]
    found = [each for each in gateways if isinstance(each, Gateway) and not each.is_left_out]
    return frozenset(
        audience
        for audience in audiences
        if (audience.role is Role.SIDECAR and MESH in named)
        or any(_is_selected(gateway, audience) for gateway in found)
    )


def _is_selected(gateway: Gateway, audience: Audience) -> bool:
    labels = dict(audience.labels)
    return audience.role is Role.GATEWAY and selects(gateway.spec.selector.items(), labels)


def _is_transcoding(transcoder: GrpcJsonTranscoder, audience: Audience) -> bool:
    spec, labels = transcoder.spec, dict(audience.labels)
    return (
        spec.is_gateway
        and audience.role is Role.GATEWAY
        and audience.namespace == transcoder.metadata.namespace
        and selects(spec.workload_selector.items(), labels)
    )
