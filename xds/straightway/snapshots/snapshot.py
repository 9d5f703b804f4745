"""Snapshots: everything that one audience is sent, encoded.

The version of a resource is a digest of its bytes, so the same config has the same versions on
every replica and after every restart.
"""

from __future__ import annotations

from dataclasses import dataclass

from straightway.discovery import Resource
from straightway.units import Call


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What one audience is sent.

    It holds the calls of the units that make its assignments, not the assignments: endpoints change
    most often, and go to Envoy without touching anything else.
    """

    clusters: tuple[Resource, ...]
    listeners: tuple[Resource, ...]
    routes: tuple[Resource, ...]
    assignments: tuple[Call, ...]

    @property
    def listens(self) -> bool:
        """Whether the audience has a listener; without one its proxies serve nothing."""
        return bool(self.listeners)
