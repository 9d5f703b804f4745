"""Responses: which resources one is to hold, and its bytes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from straightway.discovery import wire
from straightway.discovery.resources import Resource
from straightway.discovery.table import Table


class Variant(Enum):
    """The two forms of the protocol; a stream speaks one of them throughout."""

    STATE_OF_THE_WORLD = "sotw"
    DELTA = "delta"


class Plan(NamedTuple):
    """What one response is to say about one type.

    ``withheld`` names removals that are due, and that this response does not tell yet.
    """

    version: str
    resources: tuple[Resource, ...]
    removed: tuple[str, ...] = ()
    withheld: frozenset[str] = frozenset()

    @property
    def names(self) -> Iterator[str]:
        """All names that the response speaks of."""
        yield from (resource.name for resource in self.resources)
        yield from self.removed


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


def encode(variant: Variant, type_url: str, plan: Plan, nonce: str, table: Table) -> bytes:
    """Return the encoded DiscoveryResponse or DeltaDiscoveryResponse.

    All but the nonce (``nonce = 5`` in both messages) is joined once for all streams that need
    the same.
    """
    if not plan.resources:  # Small, and its names may be a client's invention: not kept.
        return _body(variant, type_url, plan) + wire.field(5, nonce)
    is_whole = len(plan.resources) == len(table.resources) and not (plan.removed or plan.withheld)
    key = (variant, plan.version, () if is_whole else tuple(plan.names))
    return table.shared(key, lambda: _body(variant, type_url, plan)) + wire.field(5, nonce)


def _body(variant: Variant, type_url: str, plan: Plan) -> bytes:
    # version_info or system_version_info = 1, resources = 2, type_url = 4 in both messages, and
    # removed_resources = 6 in DeltaDiscoveryResponse.
    parts = [wire.field(1, plan.version), wire.field(4, type_url)]
    parts += [wire.field(6, name) for name in plan.removed]
    if variant is Variant.DELTA:
        for resource in plan.resources:
            parts += (resource.delta_head, resource.body)
    else:
        for resource in plan.resources:
            parts += (resource.sotw_head, resource.body)
    return b"".join(parts)
