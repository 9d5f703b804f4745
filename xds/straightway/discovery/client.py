"""What is known of each client: what it was sent, has accepted and has rejected, and when."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from straightway.discovery.response import Variant


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Sent:
    """A response: its version and nonce, and when it was handed to gRPC or acknowledged."""

    version: str
    nonce: str
    at: datetime = field(default_factory=_now)


@dataclass(frozen=True, slots=True)
class Rejection:
    """A response that the client rejected, with the client's words and the names in it."""

    version: str
    nonce: str
    message: str
    names: tuple[str, ...]
    at: datetime = field(default_factory=_now)


@dataclass(slots=True)
class TypeState:
    """One type on one stream; each None as long as there is none.

    ``rejected`` is the last rejection, also after the client has accepted something later.
    """

    sent: Sent | None = None
    acked: Sent | None = None
    rejected: Rejection | None = None
    names: int = 0
    wildcard: bool = False

    @property
    def is_rejecting(self) -> bool:
        """Whether the client's last word was a rejection."""
        if self.rejected is None:
            return False
        return self.acked is None or self.acked.at < self.rejected.at


@dataclass(slots=True, eq=False)
class ClientState:
    """One stream's client, kept up to date as long as the stream is open; read it only.

    ``key`` is its audience key, ``peer`` its address as gRPC gives it, ``types`` goes by type URL.
    """

    node_id: str
    node_cluster: str
    key: Hashable
    variant: Variant
    peer: str
    since: datetime = field(default_factory=_now)
    types: dict[str, TypeState] = field(default_factory=dict)
