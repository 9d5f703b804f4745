"""Which audiences are connected: what the streams tell the control loop."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable
from collections.abc import Set as AbstractSet

from straightway.discovery import Cache, Callbacks
from straightway.proxies.audience import Audience

LINGER = 30.0
"""For how many seconds an audience's snapshot is kept after its last stream has ended."""


class Interest(Callbacks):
    """The audiences that some stream wants a snapshot for, or wanted a moment ago.

    When all proxies of an audience reconnect, none of them has to wait for a snapshot. ``changed``
    is set whenever an audience is added or goes; who reads it clears it.
    """

    def __init__(self, cache: Cache, linger: float = LINGER) -> None:
        self.changed = asyncio.Event()
        self._cache = cache
        self._linger = linger
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
        """Have the snapshot dropped, unless somebody wants it again soon."""
        if isinstance(key, Audience):
            asyncio.get_running_loop().call_later(self._linger, self._drop, key)

    def _drop(self, audience: Audience) -> None:
        if audience in self._wanted and not self._cache.watchers(audience):
            del self._wanted[audience]
            self.changed.set()
