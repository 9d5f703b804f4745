"""Listeners: where a proxy takes requests."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Side(StrEnum):
    """Who sends the requests: clients from outside (EDGE), or a sidecar's own application."""

    EDGE = "edge"
    APPLICATION = "application"


@dataclass(frozen=True, slots=True)
class HttpListener:
    """A port at which HTTP is taken; ``routes`` is the name of its route configuration.

    ``captured``: the connections were redirected to another listener, which hands them on, so this
    one binds no port itself.
    """

    address: str
    port: int
    routes: str
    side: Side = Side.EDGE
    captured: bool = False
