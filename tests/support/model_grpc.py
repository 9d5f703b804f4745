"""What gRPC's xDS client does with routes, clusters and endpoints, as far as a call can be lost.

It names everything that it wants. From a new route it learns which clusters it needs, asks for
them, and then for their endpoints; the old route stays in force until it has them all, and only
then it gives up the names that no route needs. A resource that the server removes is gone at once.
"""

from __future__ import annotations

from straightway.discovery import (
    CLUSTER,
    CLUSTER_LOAD_ASSIGNMENT,
    LISTENER,
    ROUTE_CONFIGURATION,
    Cache,
    Variant,
)
from tests.support.conversation import Answer
from tests.support.route_client import ROUTE, RouteClient, targets_of


class ModelGrpcClient(RouteClient):
    """A client of one listener and one route."""

    def __init__(self, cache: Cache, variant: Variant) -> None:
        super().__init__(cache, variant)
        self.named: dict[str, set[str]] = {CLUSTER: set(), CLUSTER_LOAD_ASSIGNMENT: set()}
        self.held: dict[str, dict[str, str]] = {CLUSTER: {}, CLUSTER_LOAD_ASSIGNMENT: {}}
        self.next_targets: set[str] = set()
        """The clusters of the newest route."""
        self._name(LISTENER, {"listener"})

    @property
    def missing(self) -> set[str]:
        return self.targets - self._usable

    @property
    def _usable(self) -> set[str]:
        clusters, endpoints = self.held.values()
        return clusters.keys() & endpoints.keys()

    def _take(self, answer: Answer) -> None:
        self._say(answer.type_url, self.named[answer.type_url])
        if answer.type_url == LISTENER:
            self._name(ROUTE_CONFIGURATION, {ROUTE})
        elif answer.type_url == ROUTE_CONFIGURATION:
            self.next_targets = targets_of(answer)
        else:
            self._hold(answer)
        self._go_on()

    def _hold(self, answer: Answer) -> None:
        held = self.held[answer.type_url]
        named = self.named[answer.type_url]
        # What was on its way when its name was given up counts for nothing.
        held.update((name, v) for name, v in answer.resources.items() if name in named)
        gone = set(answer.removed)
        if self.variant is Variant.STATE_OF_THE_WORLD and answer.type_url == CLUSTER:
            gone = held.keys() - answer.resources.keys()
        for name in gone:
            held.pop(name, None)

    def _go_on(self) -> None:
        """Ask for what the newest route needs; put it in force when everything is there."""
        if self.next_targets <= self._usable:
            self.targets = self.next_targets
        needed = self.targets | self.next_targets
        self._name(CLUSTER, needed)
        self._name(CLUSTER_LOAD_ASSIGNMENT, needed & self.held[CLUSTER].keys())

    def _name(self, type_url: str, names: set[str]) -> None:
        before = self.named.get(type_url, set())
        if names == before:
            return
        self.named[type_url] = names
        for name in before - names:
            self.held[type_url].pop(name, None)
        self._say(type_url, names, names - before, before - names)
