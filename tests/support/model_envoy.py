"""A model of how Envoy handles clusters, endpoints and routes, to detect missing clusters."""

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


class ModelEnvoy(RouteClient):
    """An Envoy with one route that warms clusters and applies routes immediately."""

    def __init__(self, cache: Cache, variant: Variant) -> None:
        super().__init__(cache, variant)
        self.active: dict[str, str] = {}
        self.warming: dict[str, str] = {}
        self.subscribed: set[str] = set()
        for type_url in (CLUSTER, CLUSTER_LOAD_ASSIGNMENT, LISTENER):
            self._say(type_url, ())
        self._say(ROUTE_CONFIGURATION, {ROUTE}, new={ROUTE})

    @property
    def missing(self) -> set[str]:
        return self.targets - self.active.keys()

    def _take(self, answer: Answer) -> None:
        names: set[str] = set()
        if answer.type_url == CLUSTER:
            self._take_clusters(answer)
        elif answer.type_url == CLUSTER_LOAD_ASSIGNMENT:
            names = self.subscribed
            for name in names & answer.resources.keys() & self.warming.keys():
                self.active[name] = self.warming.pop(name)
        elif answer.type_url == ROUTE_CONFIGURATION:
            names = {ROUTE}
            self.targets = targets_of(answer)
        self._say(answer.type_url, names)

    def _take_clusters(self, answer: Answer) -> None:
        known = self.active | self.warming
        gone = set(answer.removed)
        if self.variant is Variant.STATE_OF_THE_WORLD:
            gone = known.keys() - answer.resources.keys()
        for name in gone:
            self.active.pop(name, None)
            self.warming.pop(name, None)
        for name, version in answer.resources.items():
            if known.get(name) != version:
                self.warming[name] = version
        before, self.subscribed = self.subscribed, self.active.keys() | self.warming.keys()
        new, gone = self.subscribed - before, before - self.subscribed
        if new or gone:
            self._say(CLUSTER_LOAD_ASSIGNMENT, self.subscribed, new, gone)
