"""How far a client has the resources that it wants."""

from __future__ import annotations

from enum import Enum, auto
from typing import NamedTuple


class ResourceState(Enum):
    """What has happened to one resource that a client wants."""

    REQUESTED = auto()
    """The server does not know yet whether it exists: there is no snapshot."""
    ABSENT = auto()
    """It does not exist, and the client has none."""
    UNSENT = auto()
    """It is to be sent for the first time."""
    OUTDATED = auto()
    """The client has it in another version, and the current one, or the removal, is to be sent."""
    UNANSWERED = auto()
    """It has been sent, and neither accepted nor rejected."""
    ACCEPTED = auto()
    """The client has it as it is."""
    REJECTED = auto()
    """The last response with it was rejected."""


class ResourceStatus(NamedTuple):
    """One resource, and its version that was sent last; that is empty where it is not known."""

    name: str
    version: str
    state: ResourceState
