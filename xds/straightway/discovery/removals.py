"""Removals that wait until the client has let go of the resource, so that its routes go on working.

The spec, "Eventual consistency considerations", is written for clients that take all clusters. One
that names its clusters, as gRPC's does, learns from a new route which cluster it needs, and asks
for that only then. Meanwhile it goes on using the old one, and names it: it must keep it until it
gives up the name.
"""

from __future__ import annotations

from collections.abc import Iterable


class PendingRemovals:
    """The removals that wait for a client to give up the names, and until when each waits.

    A client may keep a name that nothing serves any more, so no removal waits for ever. Each has
    its own time: what vanishes later must not wait for less.
    """

    __slots__ = ("_until",)

    def __init__(self) -> None:
        self._until: dict[str, float] = {}

    @property
    def deadline(self) -> float | None:
        """When the next removal has waited long enough; None while none waits."""
        return min(self._until.values(), default=None)

    def waiting(self, removed: Iterable[str], now: float, seconds: float) -> frozenset[str]:
        """Return which of ``removed``, all that are due, wait still: for ``seconds`` each."""
        before = self._until
        self._until = {name: before.get(name, now + seconds) for name in removed}
        return frozenset([name for name, until in self._until.items() if now < until])

    def forget(self, name: str) -> None:
        """Forget a name that the client has given up."""
        self._until.pop(name, None)
