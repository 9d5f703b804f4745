"""The record of one unit."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from enum import IntEnum
from typing import Any, Final, NamedTuple

from straightway.catalog import Key

_NOT_MADE: Final = object()


class NotMadeError(Exception):
    """A unit has no value: its function has never returned without raising."""


class Call(NamedTuple):
    """The identity of a unit: its function, and the arguments after the reading."""

    make: Callable[..., Any]
    args: tuple[Hashable, ...] = ()


class State(IntEnum):
    """Whether a unit's value can be relied on."""

    FRESH = 0
    MAYBE = 1
    """A unit that it uses may have changed."""
    STALE = 2
    """Something that it read has changed."""


class Node:
    """One unit: its value, the inputs of that value, and the units that use it.

    ``changed_at`` is the revision of the catalog at which the value last changed, and
    ``verified_at`` the last one at which it was known to be current.
    """

    __slots__ = (
        "call",
        "changed_at",
        "held",
        "keys",
        "state",
        "users",
        "uses",
        "value",
        "verified_at",
    )

    def __init__(self, call: Call) -> None:
        self.call = call
        self.value: Any = _NOT_MADE
        self.state = State.STALE
        self.keys: tuple[Key, ...] = ()
        self.uses: tuple[Node, ...] = ()
        self.users: set[Node] = set()
        self.held = 0
        self.changed_at = 0
        self.verified_at = 0

    def get(self) -> Any:
        """Return the value. Raises NotMadeError if there is none."""
        if self.value is _NOT_MADE:
            raise NotMadeError(self.call)
        return self.value
