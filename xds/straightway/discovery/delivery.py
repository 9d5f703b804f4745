"""Deliveries: whether a client has been sent everything, for those who look now and then."""

from __future__ import annotations

from typing import NamedTuple

from straightway.discovery.client import ClientState


class Delivery(NamedTuple):
    """How far a stream has come.

    ``is_sent``: everything that the client has asked for has been passed to gRPC, in its current
    version; whether it has been accepted is in the client's state. ``rejects``: some of it was
    rejected, and has not been replaced since. ``has_routes``: there are route configurations for
    the client, asked for or not.
    """

    client: ClientState
    is_sent: bool
    rejects: bool
    has_routes: bool
