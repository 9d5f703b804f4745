"""When a client's resources of one type need a heartbeat before their TTLs expire.

The spec, "TTL". Only for clients that support it; time is passed in, as in the session.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from envoy.config.core.v3.base_pb2 import Node

from straightway.discovery.resources import Resource
from straightway.discovery.response import Variant
from straightway.discovery.table import Table

_TTL: Final = "xds.config.supports-resource-ttl"
_WRAPPED: Final = "xds.config.resource-in-sotw"


def supports_ttl(variant: Variant, node: Node) -> bool:
    """Return whether a client supports TTLs; in state of the world they also need a wrapper.

    Source: ``Node.client_features``, see "Well Known Client Features" in Envoy's documentation.
    """
    needed = {_TTL} if variant is Variant.DELTA else {_TTL, _WRAPPED}
    return needed.issubset(node.client_features)


class Lifetimes:
    """The TTLs known to a client, and when each must be refreshed: after half of it."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[float, float]] = {}  # The TTL, and when it must be refreshed.
        self._seen: object = None
        self.deadline: float | None = None

    def sent(self, resources: Iterable[Resource], now: float) -> None:
        """Record resources sent to the client with their TTLs."""
        for resource in resources:
            if resource.ttl is not None:
                self._prolong(resource.name, resource.ttl, now)
            else:
                self._known.pop(resource.name, None)

    def due(self, table: Table, holds: Callable[[Resource], bool], now: float) -> list[Resource]:
        """Return what needs a heartbeat now, and assume that it is sent.

        That is every resource after half of its TTL; those that ``holds`` says the client has but
        that were never sent on this stream; and those whose TTL has changed or been removed since.
        """
        is_early = self.deadline is None or now < self.deadline
        if is_early and self._seen is table.last_change:
            return []
        self._seen = table.last_change
        if not table.expiring and not self._known:
            self.deadline = None
            return []
        before, self._known, self.deadline = self._known, {}, None
        found = []
        for name, resource in table.expiring.items():
            if resource.ttl is None or not holds(resource):
                continue
            ttl, at = before.get(name, (None, now))
            if ttl == resource.ttl and now < at:
                self._keep(name, resource.ttl, at)
            else:
                self._prolong(name, resource.ttl, now)
                found.append(resource)
        for name in before.keys() - table.expiring.keys():
            lasting = table.resources.get(name)
            if lasting is not None and holds(lasting):
                found.append(lasting)
        return found

    def _prolong(self, name: str, ttl: float, now: float) -> None:
        self._keep(name, ttl, now + ttl / 2)

    def _keep(self, name: str, ttl: float, at: float) -> None:
        self._known[name] = (ttl, at)
        self.deadline = at if self.deadline is None else min(self.deadline, at)
