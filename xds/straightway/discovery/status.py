"""The status of the resources that a client wants."""

from __future__ import annotations

from enum import Enum, auto
from typing import NamedTuple


class ResourceState(Enum):
    """The status of one resource that a client wants."""

    REQUESTED = auto()
    """The server does not know yet whether it exists: there is no snapshot."""
    ABSENT = auto()
    """It does not exist, and the client has none."""
    UNSENT = auto()
    """It is due to be sent for the first time."""
    OUTDATED = auto()
    """The client has it in another version, and the current one, or the removal, is due."""
    UNANSWERED = auto()
    """It has been sent, and neither accepted nor rejected yet."""
    ACCEPTED = auto()
    """The client has the current version."""
    REJECTED = auto()
    """The last response with it was rejected."""


class ResourceStatus(NamedTuple):
    """One resource, and the version sent last, which is empty if unknown."""

    name: str
    version: str
    state: ResourceState
