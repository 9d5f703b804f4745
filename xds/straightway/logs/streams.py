"""Logs what happens on the streams."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from datetime import UTC, datetime
from typing import TypeAlias

import structlog

from straightway.discovery import (
    AGED_STREAMS_END,
    Callbacks,
    ClientState,
    Closed,
    Push,
    resources_meant,
)
from straightway.logs.pushes import PushLog

Origins: TypeAlias = Callable[[Hashable, str, str, str], Sequence[str]]
"""Returns the objects, with their places, that a resource was made from.

Takes the audience key, the type URL, the resource's name and Envoy's words about it, which may name
a part of the resource.
"""

_log = structlog.get_logger()
_MOST_OBJECTS = 5
_JITTER = 0.1
"""The part of the greatest age of a connection by which gRPC varies it."""
_TOLERANCE = 1.0
"""How much later than its connection a stream may begin or end, in seconds."""


class StreamLog(Callbacks):
    """One line per proxy that connects or disconnects, per kind of push and per rejection.

    ``max_connection_age`` is that of the server, in seconds.
    """

    def __init__(self, origins: Origins, max_connection_age: float | None = None) -> None:
        self._origins = origins
        self._max_age = max_connection_age
        self._pushes = PushLog()

    def close(self) -> None:
        """Log what is still pending."""
        self._pushes.close()

    def stream_opened(self, client: ClientState) -> None:
        """Log a proxy that has connected."""
        _log.info("proxy connected", **_who(client), variant=client.variant.value, peer=client.peer)

    def stream_closed(self, client: ClientState, reason: Closed) -> None:
        """Log a proxy that has disconnected, and after how many seconds."""
        seconds = (datetime.now(UTC) - client.since).total_seconds()
        is_aged = reason is Closed.GONE and self._is_at_greatest_age(seconds)
        _log.info(
            "proxy disconnected",
            **_who(client),
            reason="connection reached --max-connection-age" if is_aged else str(reason),
            after_seconds=round(seconds, 1),
        )

    def _is_at_greatest_age(self, seconds: float) -> bool:
        """Whether gRPC closes a connection at this age, which it does without saying so."""
        if self._max_age is None:
            return False
        least = self._max_age * (1 - _JITTER) + AGED_STREAMS_END - _TOLERANCE
        return least <= seconds <= self._max_age * (1 + _JITTER) + AGED_STREAMS_END + _TOLERANCE

    def pushed(self, client: ClientState, push: Push) -> None:
        """Log what was sent."""
        self._pushes.pushed(client, push)

    def nacked(
        self, client: ClientState, type_url: str, error_message: str, names: Sequence[str]
    ) -> None:
        """Log a rejection with Envoy's error message and the objects that caused it."""
        # If Envoy names none, it may mean any resource of the response.
        meant = resources_meant(error_message, names) or list(names)
        origins = dict.fromkeys(
            origin
            for name in meant
            for origin in self._origins(client.key, type_url, name, error_message)
        )
        _log.error(
            "proxy rejected config",
            **_who(client),
            type=type_url.rpartition(".")[2],
            envoy_says=error_message,
            resources=meant[:_MOST_OBJECTS],
            comes_from=list(origins)[:_MOST_OBJECTS],
        )


def _who(client: ClientState) -> dict[str, str]:
    return {"node": client.node_id, "audience": str(client.key)}
