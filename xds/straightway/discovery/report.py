"""Keeps a client's state, and tells the callbacks, from what happens on its stream."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final, TypeVar

from straightway.discovery.callbacks import Callbacks, Closed, Push, tell
from straightway.discovery.client import ClientState, Rejection, Sent
from straightway.discovery.response import Response
from straightway.discovery.session import Received
from straightway.discovery.subscription import Verdict

# Envoy's words fit; a client that sends megabytes must not fill our memory and logs.
_LONGEST_REASON: Final = 8192


class Reporter:
    """Reports on one client."""

    __slots__ = ("_acked", "_callbacks", "_pushed", "_request", "client")

    def __init__(self, client: ClientState, callbacks: Callbacks) -> None:
        self.client = client
        self._callbacks = callbacks
        # What nobody wants to know is not put together.
        self._request = _overridden(callbacks.request, Callbacks.request)
        self._acked = _overridden(callbacks.acked, Callbacks.acked)
        self._pushed = _overridden(callbacks.pushed, Callbacks.pushed)
        tell(callbacks.stream_opened, client)

    def closed(self, reason: Closed) -> None:
        """Report the end of the stream."""
        tell(self._callbacks.stream_closed, self.client, reason)

    def received(self, received: Received) -> None:
        """Report a request, and what it accepts or rejects."""
        subscription, verdict, plan, nonce, message = received
        type_url = subscription.type_url
        state = self.client.of_type(type_url)
        state.names = len(subscription.names)
        state.wildcard = subscription.wildcard
        if self._request is not None:
            tell(self._request, self.client, received)
        if plan is None:
            return
        if verdict is Verdict.ACK:
            state.acked = Sent(plan.version, nonce, datetime.now(UTC))
            if self._acked is not None:
                tell(self._acked, self.client, type_url, plan.version)
        elif verdict is Verdict.NACK:
            message = message[:_LONGEST_REASON]
            names, now = tuple(plan.names), datetime.now(UTC)
            state.rejected = Rejection(plan.version, nonce, message, names, now)
            tell(self._callbacks.nacked, self.client, type_url, message, names)

    def sent(self, response: Response, seconds: float) -> None:
        """Report a response that goes to gRPC, and how long it took to make."""
        type_url, plan, nonce, data = response
        self.client.of_type(type_url).sent = Sent(plan.version, nonce, datetime.now(UTC))
        if self._pushed is not None:
            push = Push(
                type_url=type_url,
                version=plan.version,
                nonce=nonce,
                resources=len(plan.resources),
                removed=len(plan.removed),
                size=len(data),
                microseconds=seconds * 1e6,
            )
            tell(self._pushed, self.client, push)


_Callback = TypeVar("_Callback", bound=Callable[..., None])


def _overridden(method: _Callback, of_base: object) -> _Callback | None:
    return None if getattr(method, "__func__", None) is of_base else method
