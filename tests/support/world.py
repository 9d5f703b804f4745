"""Config that changes step by step, and what audiences are sent of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TypeVar

from straightway.api import ApiObject
from straightway.catalog import Catalog, Key, Observation
from straightway.checks import check, has_check
from straightway.discovery import (
    CLUSTER,
    CLUSTER_LOAD_ASSIGNMENT,
    LISTENER,
    ROUTE_CONFIGURATION,
    Resource,
)
from straightway.documents import Finding, Reference
from straightway.intake import Intake
from straightway.proxies.audience import Audience, Role
from straightway.snapshots import Snapshot, pieces_of, snapshot_of
from straightway.units import Call, Node, Reading, Units
from tests.support.configs import bundles_of

T = TypeVar("T")
Resources = dict[tuple[str, str], Resource]

GATEWAY_PROXY = Audience(Role.GATEWAY, "default", (("istio", "gw"),))
SIDECAR = Audience(Role.SIDECAR, "default")


def parsed(*texts: str) -> dict[Reference, ApiObject | None]:
    """The objects of some YAML texts, in which there must be no error."""
    intake = Intake()
    changes = dict(intake.apply("test", bundles_of(texts), now=0.0).changes)
    assert [problem for problem in intake.problems() if problem.is_error] == []
    return changes


def read(catalog: Catalog, function: Callable[[Reading], T]) -> T:
    """What a function makes of a catalog, as a unit."""
    found: T = Units(catalog).get(Call(function))
    return found


class World:
    """A catalog that changes, and the units that are made from it."""

    def __init__(self, *texts: str, root_namespace: str = "istio-system") -> None:
        self.catalog = Catalog(root_namespace)
        self.units = Units(self.catalog)
        self.objects: dict[Reference, ApiObject] = {}
        self.observed: dict[Reference, Mapping[str, Observation]] = {}
        self.put(parsed(*texts))

    def put(self, changes: Mapping[Reference, ApiObject | None]) -> set[Key]:
        """Put objects in, or take them out (None); returns the keys that differ."""
        objects = {**self.objects, **changes}
        self.objects = {each: item for each, item in objects.items() if item is not None}
        changed = self.catalog.change(changes)
        self.units.changed(changed)
        return changed

    def change(self, *texts: str) -> set[Key]:
        """Put the objects of YAML texts in."""
        return self.put(parsed(*texts))

    def observe(self, workload: Reference, held: Mapping[str, Observation]) -> None:
        """Take in what a workload was observed to hold."""
        self.observed[workload] = held
        self.units.changed(self.catalog.observe(workload, held))

    def from_scratch(self) -> World:
        """The same objects and observations, put into an empty world at once."""
        other = World(root_namespace=self.catalog.root_namespace)
        other.put(self.objects)
        for workload, held in self.observed.items():
            other.observe(workload, held)
        return other

    # --- What is sent ---

    def hold(self, audiences: Iterable[Audience]) -> None:
        """Remember from now on what some audiences are sent."""
        for audience in audiences:
            snapshot: Snapshot = self.units.hold(Call(snapshot_of, (audience,)))
            for call in snapshot.assignments:
                self.units.hold(call)

    def snapshot(self, audience: Audience) -> Snapshot:
        """What an audience is sent."""
        found: Snapshot = self.units.get(Call(snapshot_of, (audience,)))
        return found

    def resources(self, audience: Audience) -> Resources:
        """What an audience is sent, by type and name."""
        with self.units.keeping():
            snapshot = self.snapshot(audience)
            of_type = {
                CLUSTER: snapshot.clusters,
                CLUSTER_LOAD_ASSIGNMENT: tuple(map(self.units.get, snapshot.assignments)),
                LISTENER: snapshot.listeners,
                ROUTE_CONFIGURATION: snapshot.routes,
            }
        found = {(url, each.name): each for url, some in of_type.items() for each in some}
        assert len(found) == sum(map(len, of_type.values())), "a name is sent twice"
        return found

    def resources_in_pieces(self, audience: Audience) -> Resources:
        """The same, made in steps as the control loop does."""
        with self.units.keeping():
            for piece in pieces_of(self.units, audience):
                self.units.get_or_none(piece)
            return self.resources(audience)

    def findings(self) -> dict[Reference, tuple[Finding, ...]]:
        """What the checks find."""
        with self.units.keeping():
            return {
                reference: self.units.get(Call(check, (reference,)))
                for reference in self.objects
                if has_check(self.objects[reference])
            }


@contextmanager
def counted(world: World) -> Iterator[Counter[str]]:
    """Count the units that are made inside, by the names of their functions."""
    counts: Counter[str] = Counter()
    make = world.units._make

    def counting(node: Node) -> None:
        counts[node.call.make.__name__] += 1
        make(node)

    world.units._make = counting  # type: ignore[method-assign]
    try:
        yield counts
    finally:
        world.units._make = make  # type: ignore[method-assign]


def made_by(world: World, audiences: Iterable[Audience], *texts: str) -> Counter[str]:
    """Which units a change makes for audiences that are held, by the names of their functions."""
    with counted(world) as counts:
        world.change(*texts)
        with world.units.keeping():
            for audience in audiences:
                world.resources(audience)
    return counts
