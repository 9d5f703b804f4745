"""Callbacks: how applications learn what happens on the streams."""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable, Iterable, Sequence
from enum import StrEnum
from typing import Generic, NamedTuple, ParamSpec

from straightway.discovery.client import ClientState
from straightway.discovery.session import Received

log = logging.getLogger(__name__)
_P = ParamSpec("_P")


class Closed(StrEnum):
    """Why a stream was closed.

    GONE stands for every end that the server did not cause: gRPC does not reliably distinguish a
    client that has finished from one that has cancelled or lost its connection.
    """

    GONE = "client disconnected"
    STUCK = "client stopped reading"
    INVALID = "invalid request"
    LIMIT = "limit exceeded"
    REFUSED = "refused"
    SHUTDOWN = "shutting down"
    ERROR = "internal error"


class Push(NamedTuple):
    """One sent response.

    ``resources`` and ``removed`` count its contents, ``size`` is in bytes, and ``microseconds`` is
    the time it took to plan and assemble it.
    """

    type_url: str
    version: str
    nonce: str
    resources: int
    removed: int
    size: int
    microseconds: float


class Callbacks:
    """Does nothing: override the events you need.

    All are called on the event loop and must not block. An exception in one is logged with its
    cause; the stream and the other callbacks go on.
    """

    def stream_opened(self, client: ClientState) -> None:
        """Handle a stream's first request."""

    def stream_closed(self, client: ClientState, reason: Closed) -> None:
        """Handle the end of a stream that had been opened."""

    def request(self, client: ClientState, received: Received) -> None:
        """Handle any accepted request."""

    def pushed(self, client: ClientState, push: Push) -> None:
        """Handle a response that is passed to gRPC now; the client's ACK or NACK comes later."""

    def acked(self, client: ClientState, type_url: str, version: str) -> None:
        """Handle a client's acceptance of a response."""

    def nacked(
        self, client: ClientState, type_url: str, error_message: str, names: Sequence[str]
    ) -> None:
        """Handle a client's rejection of a response, with its error message and the names in it."""

    def audience_wanted(self, key: Hashable) -> None:
        """Handle the first stream for a key without a snapshot: one should be made."""

    def audience_unused(self, key: Hashable) -> None:
        """Handle the end of a key's last stream: its snapshot may be dropped."""


class Event(tuple[Callable[_P, None], ...], Generic[_P]):
    """The listeners of one kind of event; calling it notifies them, in order.

    It is false without listeners, so that events without listeners need not be assembled.
    """

    __slots__ = ()

    def __call__(self, *args: _P.args, **kwargs: _P.kwargs) -> None:
        """Notify all listeners; log an exception of one, and continue with the next."""
        for handler in self:
            try:
                handler(*args, **kwargs)
            except Exception:
                log.exception("callback %s failed", getattr(handler, "__qualname__", handler))


class Events:
    """The events of a server, each with the ``callbacks`` that override it."""

    def __init__(self, callbacks: Sequence[Callbacks] = ()) -> None:
        def event(of_base: object, handlers: Iterable[Callable[_P, None]]) -> Event[_P]:
            return Event(
                [each for each in handlers if getattr(each, "__func__", None) is not of_base]
            )

        self.stream_opened = event(Callbacks.stream_opened, [c.stream_opened for c in callbacks])
        self.stream_closed = event(Callbacks.stream_closed, [c.stream_closed for c in callbacks])
        self.request = event(Callbacks.request, [c.request for c in callbacks])
        self.pushed = event(Callbacks.pushed, [c.pushed for c in callbacks])
        self.acked = event(Callbacks.acked, [c.acked for c in callbacks])
        self.nacked = event(Callbacks.nacked, [c.nacked for c in callbacks])
        self.audience_wanted = event(
            Callbacks.audience_wanted, [c.audience_wanted for c in callbacks]
        )
        self.audience_unused = event(
            Callbacks.audience_unused, [c.audience_unused for c in callbacks]
        )
