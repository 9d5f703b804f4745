"""The published snapshots of audiences in the cache, updated incrementally."""

from __future__ import annotations

from collections.abc import Iterable

from straightway.control.assignments import Assignments
from straightway.discovery import (
    CLUSTER,
    CLUSTER_LOAD_ASSIGNMENT,
    LISTENER,
    ROUTE_CONFIGURATION,
    Cache,
    Resource,
)
from straightway.proxies.audience import Audience
from straightway.snapshots import Snapshot, snapshot_of
from straightway.units import Call, Units

Difference = tuple[list[Resource], list[str]]
"""Resources that were added or changed, and the names of removed ones."""


class Published:
    """The snapshots of all audiences, as the streams see them."""

    def __init__(self, cache: Cache, units: Units) -> None:
        self._cache = cache
        self._units = units
        self._assignments = Assignments(units)
        self._snapshots: dict[Audience, Snapshot] = {}

    @property
    def audiences(self) -> Iterable[Audience]:
        """The audiences that have a snapshot."""
        return self._snapshots.keys()

    def has(self, audience: Audience) -> bool:
        """Whether an audience has a snapshot."""
        return audience in self._snapshots

    def snapshot(self, audience: Audience) -> Snapshot | None:
        """Return an audience's snapshot, or None."""
        return self._snapshots.get(audience)

    def publish(self, audience: Audience, snapshot: Snapshot) -> None:
        """Set an audience's snapshot; its streams are sent the difference."""
        before = self._snapshots.get(audience)
        self._assignments.give(audience, snapshot.assignments)
        if before is None:
            self._cache.set(
                audience,
                {
                    CLUSTER: snapshot.clusters,
                    CLUSTER_LOAD_ASSIGNMENT: self._made(snapshot.assignments),
                    LISTENER: snapshot.listeners,
                    ROUTE_CONFIGURATION: snapshot.routes,
                },
            )
            self._units.hold(Call(snapshot_of, (audience,)))
        else:
            changes = {
                CLUSTER: _difference(before.clusters, snapshot.clusters),
                CLUSTER_LOAD_ASSIGNMENT: self._moved(before, snapshot),
                LISTENER: _difference(before.listeners, snapshot.listeners),
                ROUTE_CONFIGURATION: _difference(before.routes, snapshot.routes),
            }
            self._cache.update(audience, {url: each for url, each in changes.items() if any(each)})
        self._snapshots[audience] = snapshot

    def renew(self, assignment: Call) -> None:
        """Send a possibly changed assignment to all audiences that have it."""
        resource = self._units.get_or_none(assignment)
        # While its cluster is being removed, Envoy keeps what it has.
        if resource is not None:
            for audience in self._assignments.audiences_with(assignment):
                if audience in self._snapshots:
                    self._cache.update(audience, {CLUSTER_LOAD_ASSIGNMENT: ([resource], ())})

    def withdraw(self, audience: Audience) -> None:
        """Drop an audience with no remaining clients."""
        if self._snapshots.pop(audience, None) is not None:
            self._cache.drop(audience)
            self._units.release(Call(snapshot_of, (audience,)))
        self._assignments.take(audience)

    def _made(self, calls: Iterable[Call]) -> list[Resource]:
        made = (self._units.get_or_none(call) for call in calls)
        return [resource for resource in made if resource is not None]

    def _moved(self, before: Snapshot, after: Snapshot) -> Difference:
        """Return what differs between the assignments of two snapshots.

        Removed assignments are listed by their clusters' names, because they can no longer be
        computed.
        """
        if before.assignments == after.assignments:
            return [], []
        known = set(before.assignments)
        changed = self._made(call for call in after.assignments if call not in known)
        kept = _assigned(after)
        return changed, [name for name in _assigned(before) if name not in kept]


def _assigned(snapshot: Snapshot) -> dict[str, None]:
    """Return the names of a snapshot's assignments, to which its clusters refer."""
    names = (cluster.eds_service_name for cluster in snapshot.clusters)
    return {name: None for name in names if name}


def _difference(before: tuple[Resource, ...], after: tuple[Resource, ...]) -> Difference:
    if before == after:
        return [], []
    known = {resource.name: resource for resource in before}
    changed = [resource for resource in after if known.pop(resource.name, None) != resource]
    return changed, list(known)
