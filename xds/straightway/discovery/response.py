"""Responses: which resources one is to hold, and its bytes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final, NamedTuple

from straightway.discovery import wire
from straightway.discovery.resources import TYPE_URL_PREFIX, Resource
from straightway.discovery.table import Table

_WRAPPER: Final = TYPE_URL_PREFIX + "envoy.service.discovery.v3.Resource"


class Variant(Enum):
    """The two forms of the protocol; a stream speaks one of them throughout."""

    STATE_OF_THE_WORLD = "sotw"
    DELTA = "delta"


class Plan(NamedTuple):
    """What one response is to say about one type.

    ``withheld`` names removals that are due, and that this response does not tell yet. The rest
    is for delta clients alone: ``heartbeats`` are held by the client and go without their bodies,
    ``unresolved`` are names that were asked for and that no virtual host has.
    """

    version: str
    resources: tuple[Resource, ...]
    removed: tuple[str, ...] = ()
    withheld: frozenset[str] = frozenset()
    heartbeats: tuple[Resource, ...] = ()
    unresolved: tuple[str, ...] = ()

    @property
    def names(self) -> Iterator[str]:
        """All names and aliases of which the response says something new."""
        for resource in self.resources:
            yield resource.name
            yield from resource.aliases
        yield from self.removed
        yield from self.unresolved


@dataclass(frozen=True, slots=True)
class Response:
    """One response, encoded; ``version`` and ``nonce`` are what it carries."""

    type_url: str
    plan: Plan
    nonce: str
    data: bytes

    @property
    def version(self) -> str:
        """The version that the client acknowledges or rejects."""
        return self.plan.version


def encode(
    variant: Variant, type_url: str, plan: Plan, nonce: str, table: Table, *, ttl: bool = False
) -> bytes:
    """Return the encoded DiscoveryResponse or DeltaDiscoveryResponse, with TTLs or without.

    All but the nonce (``nonce = 5`` in both messages) is joined once for all streams that need
    the same.
    """
    if not plan.resources:  # Small, and its names may be a client's invention: not kept.
        return _body(variant, type_url, plan, ttl=ttl) + wire.field(5, nonce)
    said = _named(plan.heartbeats), plan.removed, plan.unresolved
    is_whole = len(plan.resources) == len(table.resources) and not (any(said) or plan.withheld)
    key = (variant, ttl, plan.version, () if is_whole else _named(plan.resources), said)
    return table.shared(key, lambda: _body(variant, type_url, plan, ttl=ttl)) + wire.field(5, nonce)


def _named(resources: Iterable[Resource]) -> tuple[str, ...]:
    return tuple([resource.name for resource in resources])


def _body(variant: Variant, type_url: str, plan: Plan, *, ttl: bool) -> bytes:
    # version_info or system_version_info = 1, resources = 2, type_url = 4 in both messages, and
    # removed_resources = 6 in DeltaDiscoveryResponse.
    parts = [wire.field(1, plan.version), wire.field(4, type_url)]
    parts += [wire.field(6, name) for name in plan.removed]
    parts += [wire.field(2, resource.heartbeat()) for resource in plan.heartbeats]
    # The documentation of VHDS, "Subscribing to Resources": name (= 3) and alias (= 4), no body.
    parts += [wire.field(2, wire.field(3, n) + wire.field(4, n)) for n in plan.unresolved]
    is_delta = variant is Variant.DELTA
    for resource in plan.resources:
        if ttl and resource.ttl is not None:
            wrapped = resource.wrapped()
            parts.append(wire.field(2, wrapped if is_delta else _any(wrapped)))
        else:
            parts += (resource.delta_head if is_delta else resource.sotw_head, resource.body)
    return b"".join(parts)


def _any(wrapped: bytes) -> bytes:
    """Return a wrapped resource as DiscoveryResponse holds it: the spec, "SotW TTL"."""
    return wire.field(1, _WRAPPER) + wire.field(2, wrapped)
