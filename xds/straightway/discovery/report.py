"""Keeps a client's state, and tells the callbacks, from what happens on its stream."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from straightway.discovery.callbacks import Callbacks, Closed, Push, tell
from straightway.discovery.client import ClientState, Rejection, Sent
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
        subscription = received.subscription
        state = self.client.of_type(subscription.type_url)
        state.names = len(subscription.names)
        state.wildcard = subscription.wildcard
        tell(self._callbacks.request, self.client, received)
        if received.plan is None:
            return
        version = received.plan.version
        if received.verdict is Verdict.ACK:
            state.acked = Sent(version, request.response_nonce, datetime.now(UTC))
            tell(self._callbacks.acked, self.client, received.type_url, version)
        elif received.verdict is Verdict.NACK:
            message = request.error_detail.message[:_LONGEST_REASON]
            names = tuple(received.plan.names)
            now = datetime.now(UTC)
            state.rejected = Rejection(version, request.response_nonce, message, names, now)
            tell(self._callbacks.nacked, self.client, received.type_url, message, names)

    def sent(self, response: Response, microseconds: float) -> None:
        """Report a response that goes to gRPC."""
        type_url, plan, nonce, data = response
        self.client.of_type(type_url).sent = Sent(plan.version, nonce, datetime.now(UTC))
        push = Push(
            type_url=type_url,
            version=plan.version,
            nonce=nonce,
            resources=len(plan.resources),
            removed=len(plan.removed),
            size=len(data),
            microseconds=microseconds,
        )
        tell(self._callbacks.pushed, self.client, push)
