"""Removals that wait until the client gives up the resource, so that its routes keep working.

The spec, "Eventual consistency considerations", is written for clients that subscribe to all
clusters. A client that names its clusters, such as gRPC's, learns from a new route which cluster it
needs, and requests it only then. Meanwhile it keeps using the old one, and naming it: it must keep
it until it gives up the name.
"""

from __future__ import annotations

from collections.abc import Iterable


class PendingRemovals:
    """The removals that wait for a client to give up the names, and until when each waits.

    A client may keep a name that no longer exists, so every removal has a time limit. Each has its
    own: a later removal must not wait for less time.
    """

    __slots__ = ("_until",)

    def __init__(self) -> None:
        self._until: dict[str, float] = {}

    @property
    def deadline(self) -> float | None:
        """When the next removal has waited long enough; None if none is waiting."""
        return min(self._until.values(), default=None)

    def waiting(self, removed: Iterable[str], now: float, seconds: float) -> frozenset[str]:
        """Return which of ``removed``, all that are due, still wait, each for ``seconds``."""
        before = self._until
        self._until = {name: before.get(name, now + seconds) for name in removed}
        return frozenset([name for name, until in self._until.items() if now < until])

    def forget(self, name: str) -> None:
        """Drop a name that the client has given up."""
        self._until.pop(name, None)
