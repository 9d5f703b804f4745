"""Keeps a client's state, and tells the callbacks, from what happens on its stream."""

from __future__ import annotations

from typing import Final

from straightway.discovery.callbacks import Callbacks, Closed, Push, tell
from straightway.discovery.client import ClientState, Rejection, Sent, TypeState
from straightway.discovery.response import Response
from straightway.discovery.session import Received
from straightway.discovery.subscription import Request, Verdict

# Envoy's words fit; a client that sends megabytes must not fill our memory and logs.
_LONGEST_REASON: Final = 8192


class Reporter:
    """Reports on one client."""

    def __init__(self, client: ClientState, callbacks: Callbacks) -> None:
        self.client = client
        self._callbacks = callbacks
        tell(callbacks.stream_opened, client)

    def closed(self, reason: Closed) -> None:
        """Report the end of the stream."""
        tell(self._callbacks.stream_closed, self.client, reason)

    def received(self, request: Request, received: Received) -> None:
        """Report a request, and what it accepts or rejects."""
        state = self.client.types.setdefault(received.type_url, TypeState())
        state.names = len(received.subscription.names)
        state.wildcard = received.subscription.wildcard
        tell(self._callbacks.request, self.client, received)
        if received.plan is None:
            return
        version = received.plan.version
        if received.verdict is Verdict.ACK:
            state.acked = Sent(version, request.response_nonce)
            tell(self._callbacks.acked, self.client, received.type_url, version)
        elif received.verdict is Verdict.NACK:
            message = request.error_detail.message[:_LONGEST_REASON]
            names = tuple(received.plan.names)
            state.rejected = Rejection(version, request.response_nonce, message, names)
            tell(self._callbacks.nacked, self.client, received.type_url, message, names)

    def sent(self, response: Response, microseconds: float) -> None:
        """Report a response that goes to gRPC."""
        state = self.client.types.setdefault(response.type_url, TypeState())
        state.sent = Sent(response.version, response.nonce)
        push = Push(
            type_url=response.type_url,
            version=response.version,
            nonce=response.nonce,
            resources=len(response.plan.resources),
            removed=len(response.plan.removed),
            size=len(response.data),
            microseconds=microseconds,
        )
        tell(self._callbacks.pushed, self.client, push)
