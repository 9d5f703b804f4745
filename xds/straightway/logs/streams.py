"""Logs what happens on the streams, and tells the control loop which audiences are connected."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import structlog

from straightway.control.loop import Control
from straightway.discovery import Callbacks, ClientState, Closed, Push
from straightway.logs.pushes import PushLog

_log = structlog.get_logger()
_MOST_OBJECTS = 5


class StreamLog(Callbacks):
    """One line for each proxy that comes or goes, each kind of push and each rejection."""

    def __init__(self, control: Control) -> None:
        self._control = control
        self._pushes = PushLog()

    def close(self) -> None:
        """Log what is still to be told."""
        self._pushes.close()

    def audience_wanted(self, key: Hashable) -> None:
        """Have a snapshot made."""
        self._control.want(key)

    def audience_unused(self, key: Hashable) -> None:
        """Have the snapshot dropped."""
        self._control.drop(key)

    def stream_opened(self, client: ClientState) -> None:
        """Log a proxy that has come."""
        _log.info("proxy connected", **_who(client), variant=client.variant.value, peer=client.peer)

    def stream_closed(self, client: ClientState, reason: Closed) -> None:
        """Log a proxy that has gone."""
        _log.info("proxy disconnected", **_who(client), reason=str(reason))

    def pushed(self, client: ClientState, push: Push) -> None:
        """Log what was sent."""
        self._pushes.pushed(client, push)

    def nacked(
        self, client: ClientState, type_url: str, error_message: str, names: Sequence[str]
    ) -> None:
        """Log a rejection in Envoy's words, with the objects that it comes from."""
        # Envoy names the resources that it means; a response may hold many more.
        meant = [name for name in names if name in error_message] or list(names)
        origins = dict.fromkeys(
            origin for name in meant for origin in self._control.origins(client.key, name)
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
