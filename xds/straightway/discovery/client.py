"""What is known about each client: what it was sent, has accepted and has rejected, and when."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple

from straightway.discovery.response import Variant


class Sent(NamedTuple):
    """A response: its version and nonce, and when it was handed to gRPC or acknowledged."""

    version: str
    nonce: str
    at: datetime


class Rejection(NamedTuple):
    """A response that the client rejected, with its error message and the response's names."""

    version: str
    nonce: str
    message: str
    names: tuple[str, ...]
    at: datetime


@dataclass(slots=True)
class TypeState:
    """One type on one stream; each field is None until it first occurs.

    ``rejected`` is the last rejection, even after the client has accepted something later.
    """

    sent: Sent | None = None
    acked: Sent | None = None
    rejected: Rejection | None = None
    names: int = 0
    wildcard: bool = False

    @property
    def is_rejecting(self) -> bool:
        """Whether the client's last answer was a rejection."""
        if self.rejected is None:
            return False
        return self.acked is None or self.acked.at < self.rejected.at


@dataclass(slots=True, eq=False)
class ClientState:
    """One stream's client, kept up to date while the stream is open; read-only for others.

    ``key`` is its audience key, ``peer`` its address as given by gRPC, ``types`` is by type URL.
    """

    node_id: str
    node_cluster: str
    key: Hashable
    variant: Variant
    peer: str
    since: datetime = field(default_factory=lambda: datetime.now(UTC))
    types: dict[str, TypeState] = field(default_factory=dict)

    def of_type(self, type_url: str) -> TypeState:
        """Return the state of a type, creating it at first."""
        state = self.types.get(type_url)
        if state is None:
            state = self.types[type_url] = TypeState()
        return state
