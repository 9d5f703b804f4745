"""Which audiences are connected: what the streams tell the control loop."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable
from collections.abc import Set as AbstractSet

from straightway.discovery import Cache, Callbacks
from straightway.proxies.audience import Audience

LINGER = 30.0
"""How long an audience's snapshot is kept after its last stream has ended, in seconds."""


class Interest(Callbacks):
    """The audiences for which a stream wants a snapshot, or wanted one a moment ago.

    So when all proxies of an audience reconnect, none of them waits for a snapshot. ``changed`` is
    set whenever an audience is added or removed; its reader clears it.
    """

    def __init__(self, cache: Cache, linger: float = LINGER) -> None:
        self.changed = asyncio.Event()
        self._cache = cache
        self._linger = linger
        self._wanted: dict[Audience, None] = {}

    @property
    def wanted(self) -> AbstractSet[Audience]:
        """The wanted audiences, in order of arrival."""
        return self._wanted.keys()

    def audience_wanted(self, key: Hashable) -> None:
        """Request a snapshot."""
        if isinstance(key, Audience):
            self._wanted[key] = None
            self.changed.set()

    def audience_unused(self, key: Hashable) -> None:
        """Stop keeping a snapshot for an audience with no remaining clients, after a while."""
        if isinstance(key, Audience):
            asyncio.get_running_loop().call_later(self._linger, self._drop, key)

    def _drop(self, audience: Audience) -> None:
        if audience in self._wanted and not self._cache.watchers(audience):
            del self._wanted[audience]
            self.changed.set()
