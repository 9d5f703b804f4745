"""Make before break: what must wait on one stream, so that no request meets a missing cluster.

The spec, "Eventual consistency considerations". Pure, like the subscriptions: time is passed in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from typing import Final

from straightway.discovery.resources import (
    LISTENER,
    ROUTE_CONFIGURATION,
    SCOPED_ROUTE_CONFIGURATION,
    VIRTUAL_HOST,
    Resource,
)

ROUTING_TYPES: Final = frozenset(
    {LISTENER, ROUTE_CONFIGURATION, SCOPED_ROUTE_CONFIGURATION, VIRTUAL_HOST}
)
"""The types that send requests to clusters."""


class Order:
    """Decides whether routing types, and removals from the other types, must wait.

    Nothing may route to a cluster that Envoy has not received, or has not warmed. Envoy applies the
    messages of a stream in order, so no type waits for the acknowledgement of another; three rules
    are enough:

    - While anything of the routing types is still to be sent, nothing is removed from the other
      types. (A complete set of clusters then still holds the old ones.)
    - Envoy does not use a new or changed cluster before it has received its endpoints, and it
      requests those only after it has received the cluster. Routing types wait until the endpoints
      of all sent clusters have been sent after them, for at most ``hold`` seconds.
    - A client that reconnects subscribes to its types one after another, clusters first, and its
      old routes may need resources that are due for removal. Nothing is removed from the other
      types before it has subscribed to its routes, for at most ``hold`` seconds.

    A client that names its clusters needs a fourth rule, per name: see
    :class:`~straightway.discovery.removals.PendingRemovals`.

    On a stream of one type there is no order, and nothing is held back.
    """

    __slots__ = (
        "_expects_endpoints",
        "_hold",
        "_is_aggregated",
        "_is_back",
        "_named_by",
        "_warm_by",
        "warming",
    )

    def __init__(self, hold: float, *, is_aggregated: bool) -> None:
        self.warming: dict[str, str] = {}
        """The clusters that were sent and still need their endpoints: ClusterLoadAssignments."""
        self._hold = hold
        self._is_aggregated = is_aggregated
        self._expects_endpoints = is_aggregated
        self._is_back = False
        # How long routing types wait for endpoints, and removals for the routes.
        self._warm_by: float | None = None
        self._named_by: float | None = None

    @property
    def is_idle(self) -> bool:
        """Whether there is nothing to wait for."""
        return self._warm_by is None and self._named_by is None and not self._is_back

    @property
    def deadline(self) -> float | None:
        """When waiting ends; None if there is nothing to wait for."""
        return min(filter(None, (self._warm_by, self._named_by)), default=None)

    def came_back(self) -> None:
        """Record that the client has reconnected, and holds resources."""
        self._is_back = self._is_aggregated

    def asked_for_endpoints(self) -> None:
        """Record that the client gets its endpoints on this stream."""
        self._expects_endpoints = True

    def sent_clusters(self, assignments: Mapping[str, str], now: float) -> None:
        """Record sent clusters, each with the ClusterLoadAssignment that it needs."""
        if assignments and self._expects_endpoints:
            self.warming |= assignments
            if self._warm_by is None:
                self._warm_by = now + self._hold

    def sent_endpoints(self, names: AbstractSet[str]) -> None:
        """Record sent ClusterLoadAssignments."""
        self._keep(lambda cluster: self.warming[cluster] not in names)

    def gave_up_clusters(self, wants: Callable[[str], bool]) -> bool:
        """Record that the client may have changed which clusters it wants: it warms no others.

        Return whether it has given up any that it was warming.
        """
        before = len(self.warming)
        self._keep(wants)
        return len(self.warming) < before

    def rejected_clusters(self) -> None:
        """Record that Envoy has rejected clusters, which it will not warm."""
        self.warming.clear()

    def holds_routing(
        self,
        endpoints: Mapping[str, Resource],
        now: float,
        *,
        is_due: bool,
        are_endpoints_asked_for: bool,
    ) -> bool:
        """Whether sent clusters still lack their endpoints, within the time limit.

        ``is_due`` says whether anything of the routing types is due.
        """
        if self._warm_by is not None and now >= self._warm_by:
            # A client that gets its endpoints elsewhere does not wait again.
            self._expects_endpoints = are_endpoints_asked_for
            self.warming.clear()
        if not self.warming and not is_due:
            self._warm_by = None  # Not before: more clusters must not make routing wait longer.
        # Missing assignments are not waited for; but they may come, so they are kept.
        return is_due and any(name in endpoints for name in self.warming.values())

    def expects_routes(self, now: float, *, are_asked_for: bool) -> bool:
        """Whether the client has reconnected, and has not subscribed to its routes yet."""
        if self._is_back:
            self._is_back = False
            self._named_by = now + self._hold
        if are_asked_for or (self._named_by or 0.0) <= now:
            self._named_by = None
        return self._named_by is not None

    def _keep(self, is_warming: Callable[[str], bool]) -> None:
        # Recreated, because a dictionary that shrinks keeps its memory.
        self.warming = {name: self.warming[name] for name in filter(is_warming, self.warming)}
