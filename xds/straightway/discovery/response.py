"""Responses: the resources in a response, and its bytes."""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, NamedTuple

from straightway.discovery import wire
from straightway.discovery.resources import TYPE_URL_PREFIX, Resource
from straightway.discovery.table import Table

_WRAPPER: Final = TYPE_URL_PREFIX + "envoy.service.discovery.v3.Resource"


class Variant(Enum):
    """The two variants of the protocol; a stream uses one of them throughout."""

    STATE_OF_THE_WORLD = "sotw"
    DELTA = "delta"


@dataclass(slots=True, eq=False)
class Plan:
    """The plan of one response for one type; streams with the same plan may share it.

    ``warming`` maps each cluster that is new to the client to the ClusterLoadAssignment that it
    needs first. ``withheld`` names removals that are due, but not part of this response yet. The
    rest is for delta clients only: ``heartbeats`` are held by the client and sent without their
    bodies, ``unresolved`` are requested names that no virtual host has.
    """

    version: str
    resources: tuple[Resource, ...]
    removed: tuple[str, ...] = ()
    warming: Mapping[str, str] = field(default_factory=dict)
    withheld: frozenset[str] = frozenset()
    heartbeats: tuple[Resource, ...] = ()
    unresolved: tuple[str, ...] = ()
    is_common: bool = False
    """Whether it follows from changes alone, and so is shared with other streams."""
    _content: Hashable = None

    @property
    def names(self) -> Iterator[str]:
        """All names and aliases with news in the response."""
        for resource in self.resources:
            yield resource.name
            yield from resource.aliases
        yield from self.removed
        yield from self.unresolved

    def content(self, table: Table) -> Hashable:
        """Return a key that is equal for equivalent plans for ``table`` in its current state."""
        if self._content is None:
            said = _named(self.heartbeats), self.removed, self.unresolved
            is_whole = len(self.resources) == len(table.resources)
            self._content = (self.version, () if is_whole else _named(self.resources), said)
        return self._content


class Response(NamedTuple):
    """One response, encoded; ``nonce`` is what it carries."""

    type_url: str
    plan: Plan
    nonce: str
    data: bytes


class Encoded(NamedTuple):
    """An encoded response; its nonce stands for its number.

    ``ack`` is the encoded request by which a delta client accepts it without asking for anything
    else; empty for the other variant, where it depends on the client's subscription.
    """

    number: int
    nonce: str
    data: bytes
    ack: bytes


_numbers: Final = itertools.count(1)
"""Numbers all responses of this process, in order of creation."""


def encode(
    variant: Variant, type_url: str, plan: Plan, table: Table, *, after: int = 0, ttl: bool = False
) -> Encoded:
    """Return the encoded DiscoveryResponse or DeltaDiscoveryResponse, with TTLs or without.

    Its number is above ``after``, the last one of the stream. Streams that need the same response
    share it with its nonce: copying 50 KB for each takes longer than everything else here.
    """
    is_shared = plan.is_common or not (plan.removed or plan.unresolved)
    if not plan.resources or plan.withheld or not is_shared:
        # Its names may be invented by a client, or its resources come from another table: not
        # cached.
        return _numbered(_parts(variant, type_url, plan, ttl=ttl), variant, type_url)
    # Not the variant itself: a member of an Enum is slow to hash.
    key = (variant is Variant.DELTA, type_url, ttl, plan.content(table))
    made = table.shared(
        key, lambda: _numbered(_parts(variant, type_url, plan, ttl=ttl), variant, type_url)
    )
    if made.number > after:
        return made
    # The stream may have sent this one before, and no nonce may be repeated.
    return _numbered([memoryview(made.data)[: -len(_nonce_field(made.nonce))]], variant, type_url)


def _numbered(parts: list[bytes | memoryview], variant: Variant, type_url: str) -> Encoded:
    number = next(_numbers)
    nonce = format(number, "x")
    is_delta = variant is Variant.DELTA
    # Of DeltaDiscoveryRequest: type_url = 2, response_nonce = 6.
    ack = wire.field(2, type_url) + wire.field(6, nonce) if is_delta else b""
    # Joined once: a response may have half a megabyte.
    parts.append(_nonce_field(nonce))
    return Encoded(number, nonce, b"".join(parts), ack)


def _nonce_field(nonce: str) -> bytes:
    return wire.field(5, nonce)  # In both messages.


def assignments_needed(clusters: Iterable[Resource]) -> Mapping[str, str]:
    """Return the ClusterLoadAssignment that each cluster needs before a client can use it."""
    return {each.name: each.eds_service_name for each in clusters if each.eds_service_name}


def _named(resources: Iterable[Resource]) -> tuple[str, ...]:
    return tuple([resource.name for resource in resources])


def _parts(variant: Variant, type_url: str, plan: Plan, *, ttl: bool) -> list[bytes | memoryview]:
    """Return a response but for its nonce."""
    # version_info or system_version_info = 1, resources = 2, type_url = 4 in both messages, and
    # removed_resources = 6 in DeltaDiscoveryResponse.
    parts: list[bytes | memoryview] = [wire.field(1, plan.version), wire.field(4, type_url)]
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
            parts.append(resource.delta_head if is_delta else resource.sotw_head)
            parts += resource.parts
    return parts


def _any(wrapped: bytes) -> bytes:
    """Return a wrapped resource as DiscoveryResponse holds it: the spec, "SotW TTL"."""
    return wire.field(1, _WRAPPER) + wire.field(2, wrapped)
