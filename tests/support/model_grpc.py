"""What gRPC's xDS client does with routes, clusters and endpoints, as far as a call can be lost.

It names everything that it wants. From a new route it learns which clusters it needs, asks for
them, and then for their endpoints; the old route stays in force until it has them all, and only
then it gives up the names that no route needs. A resource that the server removes is gone at once.

A route's version names the clusters that it goes to: `a+b#7`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest, DiscoveryRequest

from straightway.discovery import (
    CLUSTER,
    CLUSTER_LOAD_ASSIGNMENT,
    LISTENER,
    ROUTE_CONFIGURATION,
    Cache,
    Limits,
    Variant,
)
from straightway.discovery.requests import Request
from straightway.discovery.requests import decode as decode_request
from straightway.discovery.session import Session
from tests.support.conversation import KEY, Answer, decode


class ModelGrpcClient:
    """A client of one listener and one route."""

    def __init__(self, cache: Cache, variant: Variant) -> None:
        self.cache = cache
        self.variant = variant
        self.session = Session(variant, hold=1.0, limits=Limits())
        self.to_server: deque[Request] = deque()
        self.to_client: deque[bytes] = deque()
        self.nonces: dict[str, str] = {}
        self.named: dict[str, set[str]] = {CLUSTER: set(), CLUSTER_LOAD_ASSIGNMENT: set()}
        self.held: dict[str, dict[str, str]] = {CLUSTER: {}, CLUSTER_LOAD_ASSIGNMENT: {}}
        self.targets: set[str] = set()
        """The clusters of the route in force."""
        self.next_targets: set[str] = set()
        """The clusters of the newest route."""
        self._name(LISTENER, {"listener"})

    @property
    def missing(self) -> set[str]:
        """The clusters that the route in force goes to and that cannot serve."""
        return self.targets - self._usable

    @property
    def _usable(self) -> set[str]:
        clusters, endpoints = self.held.values()
        return clusters.keys() & endpoints.keys()

    def server_reads(self) -> bool:
        """Deliver one request."""
        if not self.to_server:
            return False
        data = self.to_server.popleft().SerializeToString()
        if self.session.accept(data) is None:
            self.session.request(decode_request(self.variant, data))
        return True

    def server_sends(self) -> bool:
        """Let the server send one response; time stands still."""
        response = self.session.next(self.cache.tables(KEY) or {}, now=0.0)
        if response is None:
            return False
        self.to_client.append(response.data)
        return True

    def client_reads(self) -> bool:
        """Deliver one response."""
        if not self.to_client:
            return False
        answer = decode(self.variant, self.to_client.popleft())
        self.nonces[answer.type_url] = answer.nonce
        self._say(answer.type_url)
        if answer.type_url == LISTENER:
            self._name(ROUTE_CONFIGURATION, {"route"})
        elif answer.type_url == ROUTE_CONFIGURATION:
            self.next_targets = set(answer.resources["route"].partition("#")[0].split("+"))
        else:
            self._take(answer)
        self._go_on()
        return True

    def _take(self, answer: Answer) -> None:
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
        if names == self.named.get(type_url, set()):
            return
        before = self.named.get(type_url, set())
        self.named[type_url] = names
        for name in before - names:
            self.held[type_url].pop(name, None)
        self._say(type_url, names - before, before - names)

    def _say(self, type_url: str, new: Iterable[str] = (), gone: Iterable[str] = ()) -> None:
        nonce = self.nonces.get(type_url, "")
        request: DiscoveryRequest | DeltaDiscoveryRequest
        if self.variant is Variant.DELTA:
            request = DeltaDiscoveryRequest(
                type_url=type_url,
                resource_names_subscribe=new,
                resource_names_unsubscribe=gone,
                response_nonce=nonce,
            )
        else:
            request = DiscoveryRequest(
                type_url=type_url, resource_names=self.named[type_url], response_nonce=nonce
            )
        self.to_server.append(request)
