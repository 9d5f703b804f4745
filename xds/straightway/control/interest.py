"""Which audiences are connected: what the streams tell the control loop."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable
from collections.abc import Set as AbstractSet

from straightway.discovery import Callbacks
from straightway.proxies.audience import Audience


class Interest(Callbacks):
    """The audiences that some stream wants a snapshot for.

    ``changed`` is set whenever one is added or goes; who reads it clears it.
    """

    def __init__(self) -> None:
        self.changed = asyncio.Event()
        self._wanted: dict[Audience, None] = {}

    @property
    def wanted(self) -> AbstractSet[Audience]:
        """The audiences that are wanted, in the order in which they came."""
        return self._wanted.keys()

    def audience_wanted(self, key: Hashable) -> None:
        """Have a snapshot made."""
        if isinstance(key, Audience):
            self._wanted[key] = None
            self.changed.set()

    def audience_unused(self, key: Hashable) -> None:
        """Have the snapshot dropped."""
        if isinstance(key, Audience) and key in self._wanted:
            del self._wanted[key]
            self.changed.set()
