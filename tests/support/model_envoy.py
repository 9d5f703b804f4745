"""A model of how Envoy handles clusters, endpoints and routes, to detect missing clusters.

A route's version names its clusters: `a+b#7`.
"""

from __future__ import annotations

from collections import deque

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


class ModelEnvoy:
    """An Envoy with one route that warms clusters and applies routes immediately."""

    def __init__(self, cache: Cache, variant: Variant) -> None:
        self.cache = cache
        self.variant = variant
        self.session = Session(variant, hold=1.0, limits=Limits())
        self.to_server: deque[Request] = deque()
        self.to_client: deque[bytes] = deque()
        self.active: dict[str, str] = {}
        self.warming: dict[str, str] = {}
        self.subscribed: set[str] = set()
        self.targets: set[str] = set()
        self.nonces: dict[str, str] = {}
        for type_url in (CLUSTER, CLUSTER_LOAD_ASSIGNMENT, LISTENER):
            self._request(type_url)
        self._request(ROUTE_CONFIGURATION, {"route"})

    @property
    def missing(self) -> set[str]:
        """The clusters of the route that cannot serve."""
        return self.targets - self.active.keys()

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
        if answer.type_url == CLUSTER:
            self._take_clusters(answer)
        elif answer.type_url == CLUSTER_LOAD_ASSIGNMENT:
            for name in self.subscribed & answer.resources.keys() & self.warming.keys():
                self.active[name] = self.warming.pop(name)
        elif answer.type_url == ROUTE_CONFIGURATION:
            self.targets = set(answer.resources["route"].partition("#")[0].split("+"))
        is_route = answer.type_url == ROUTE_CONFIGURATION and self.variant is not Variant.DELTA
        self._request(answer.type_url, {"route"} if is_route else ())
        return True

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
        if before != self.subscribed:
            self._request(
                CLUSTER_LOAD_ASSIGNMENT, self.subscribed - before, before - self.subscribed
            )

    def _request(
        self, type_url: str, new: set[str] | tuple[()] = (), gone: set[str] | tuple[()] = ()
    ) -> None:
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
            endpoints = type_url == CLUSTER_LOAD_ASSIGNMENT
            request = DiscoveryRequest(
                type_url=type_url,
                resource_names=self.subscribed if endpoints else new,
                response_nonce=nonce,
            )
        self.to_server.append(request)
