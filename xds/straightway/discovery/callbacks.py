"""Callbacks: how the world learns what happens on the streams."""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable, Sequence
from enum import StrEnum
from typing import NamedTuple, ParamSpec

from straightway.discovery.client import ClientState
from straightway.discovery.session import Received

log = logging.getLogger(__name__)
_P = ParamSpec("_P")


class Closed(StrEnum):
    """Why a stream was closed.

    GONE stands for every end that the server did not bring about: gRPC does not reliably tell a
    client that has finished from one that has cancelled, or whose connection is lost.
    """

    GONE = "the client has gone"
    STUCK = "the client stopped reading"
    INVALID = "invalid request"
    LIMIT = "limit exceeded"
    SHUTDOWN = "shutting down"
    ERROR = "internal error"


class Push(NamedTuple):
    """One response that is sent.

    ``resources`` and ``removed`` count what it holds, ``size`` is in bytes, and ``microseconds``
    is the time it took to find out what to send and to put it together.
    """

    type_url: str
    version: str
    nonce: str
    resources: int
    removed: int
    size: int
    microseconds: float


class Callbacks:
    """Does nothing: override what you want to know.

    All are called on the event loop and must not block. An exception in one is logged with its
    cause, and the stream goes on.
    """

    def stream_opened(self, client: ClientState) -> None:
        """Handle a stream's first request."""

    def stream_closed(self, client: ClientState, reason: Closed) -> None:
        """Handle the end of a stream that had been opened."""

    def request(self, client: ClientState, received: Received) -> None:
        """Handle any request that was taken in."""

    def pushed(self, client: ClientState, push: Push) -> None:
        """Handle a response that goes to gRPC now; what its client says of it comes later."""

    def acked(self, client: ClientState, type_url: str, version: str) -> None:
        """Handle a client's acceptance of a response."""

    def nacked(
        self, client: ClientState, type_url: str, error_message: str, names: Sequence[str]
    ) -> None:
        """Handle a client's rejection of a response, with its words and the names in it."""

    def audience_wanted(self, key: Hashable) -> None:
        """Handle the first stream for a key that has no snapshot: one should be made."""

    def audience_unused(self, key: Hashable) -> None:
        """Handle the end of a key's last stream: its snapshot may be dropped."""


def tell(callback: Callable[_P, None], *args: _P.args, **kwargs: _P.kwargs) -> None:
    """Call a callback; log what it raises."""
    try:
        callback(*args, **kwargs)
    except Exception:
        log.exception("callback %s failed", getattr(callback, "__name__", callback))
