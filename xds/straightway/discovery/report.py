"""Updates a client's state, and notifies the callbacks, of what happens on its stream."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from straightway.discovery.callbacks import Closed, Events, Push
from straightway.discovery.client import ClientState, Rejection, Sent
from straightway.discovery.response import Response
from straightway.discovery.session import Received
from straightway.discovery.verdicts import Verdict

# Envoy's messages fit; a client that sends megabytes must not fill our memory and logs.
_LONGEST_REASON: Final = 8192


class Reporter:
    """Reports on one client."""

    __slots__ = ("_events", "client")

    def __init__(self, client: ClientState, events: Events) -> None:
        self.client = client
        self._events = events
        events.stream_opened(client)

    def closed(self, reason: Closed) -> None:
        """Report the end of the stream."""
        self._events.stream_closed(self.client, reason)

    def received(self, received: Received) -> None:
        """Report a request, and what it accepts or rejects."""
        subscription, verdict, plan, nonce, message = received
        type_url = subscription.type_url
        state = self.client.of_type(type_url)
        state.names = len(subscription.names)
        state.wildcard = subscription.wildcard
        if self._events.request:
            self._events.request(self.client, received)
        if plan is None:
            return
        if verdict is Verdict.ACK:
            state.acked = Sent(plan.version, nonce, datetime.now(UTC))
            if self._events.acked:
                self._events.acked(self.client, type_url, plan.version)
        elif verdict is Verdict.NACK:
            message = message[:_LONGEST_REASON]
            names, now = tuple(plan.names), datetime.now(UTC)
            state.rejected = Rejection(plan.version, nonce, message, names, now)
            self._events.nacked(self.client, type_url, message, names)

    def sent(self, response: Response, seconds: float) -> None:
        """Report a response that is passed to gRPC, and how long it took to make."""
        type_url, plan, nonce, data = response
        self.client.of_type(type_url).sent = Sent(plan.version, nonce, datetime.now(UTC))
        if self._events.pushed:
            resources, removed = len(plan.resources), len(plan.removed)
            microseconds = seconds * 1e6
            push = Push(type_url, plan.version, nonce, resources, removed, len(data), microseconds)
            self._events.pushed(self.client, push)
