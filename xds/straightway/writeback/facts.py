"""What is known about an object when its status is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from straightway.documents import Problem, Reference


class Refusal(NamedTuple):
    """A rejection (NACK) of what an object is translated to: by which proxy, in Envoy's words."""

    node: str
    words: str


class Address(NamedTuple):
    """Where a gateway can be reached, as in the Gateway API: ``IPAddress`` or ``Hostname``."""

    type: str
    value: str


@dataclass(frozen=True, slots=True)
class Programming:
    """How many of the leader's proxies that get an object have accepted it as it is in force.

    ``staying`` of them are too old to let requests leave their subset, as the object asks.
    """

    proxies: int = 0
    confirmed: int = 0
    refusals: tuple[Refusal, ...] = ()
    staying: int = 0


@dataclass(frozen=True, slots=True)
class Facts:
    """An object, as it is in the cluster and in force.

    ``generation`` is that of the newest version, ``serving`` that of the version in force: None if
    none is. ``problems`` are those of the newest version and of its references, sorted by place.
    ``programming`` is None if what was said last still holds. ``addresses`` are a Gateway's: None
    if unknown. ``is_left_out``: nothing of the version in force is translated yet. ``own`` are the
    fields of our own kinds: None if what was said last holds.
    """

    reference: Reference
    generation: int
    serving: int | None
    problems: tuple[Problem, ...] = ()
    programming: Programming | None = None
    addresses: tuple[Address, ...] | None = None
    is_left_out: bool = False
    own: Mapping[str, Any] | None = None
