"""Logs what proxies are sent: one line for the first, and one for all others with the same push.

A change usually goes to all proxies of an audience. A thousand identical lines hide everything
else, and take as long to write as the pushes themselves.
"""

from __future__ import annotations

import asyncio
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Final

import structlog

from straightway.discovery import ClientState, Push

_log = structlog.get_logger()
_SECONDS: Final = 1.0
_MOST_KINDS: Final = 1000


@dataclass(slots=True)
class _Others:
    """The proxies after the first with the same push, and the slowest of these pushes."""

    line: dict[str, str | int]
    audience: str
    proxies: int = 0
    microseconds: float = 0.0


class PushLog:
    """Logs a push at once, and a second later how many more of its kind there were."""

    def __init__(self) -> None:
        self._others: dict[Hashable, _Others] = {}

    def pushed(self, client: ClientState, push: Push) -> None:
        """Log a push, or count it."""
        type_url, version, _, resources, removed, size, microseconds = push
        kind = (client.key, type_url, version, resources, removed)
        others = self._others.get(kind)
        if others is not None:
            others.proxies += 1
            others.microseconds = max(others.microseconds, microseconds)
            return
        line: dict[str, str | int] = {
            "type": type_url.rpartition(".")[2],
            "resources": resources,
            "removed": removed,
            "bytes": size,
            "version": version,
        }
        _log.info("pushed", node=client.node_id, microseconds=round(microseconds), **line)
        if len(self._others) < _MOST_KINDS:
            self._others[kind] = _Others(line, str(client.key))
            asyncio.get_running_loop().call_later(_SECONDS, self._tell, kind)

    def close(self) -> None:
        """Log what has been counted so far."""
        for kind in tuple(self._others):
            self._tell(kind)

    def _tell(self, kind: Hashable) -> None:
        others = self._others.pop(kind, None)
        if others is not None and others.proxies:
            slowest = round(others.microseconds)
            _log.info(
                "pushed to others",
                proxies=others.proxies,
                audience=others.audience,
                slowest_microseconds=slowest,
                **others.line,
            )
