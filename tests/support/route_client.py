"""The common part of the models of clients that have one route.

The route's version names the clusters that it goes to: `a+b#7`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable

from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest, DiscoveryRequest

from straightway.discovery import Cache, Variant
from tests.support.conversation import Answer
from tests.support.piped_client import PipedClient

ROUTE = "route"


class RouteClient(PipedClient, ABC):
    """A client that loses requests while its route goes to a cluster that cannot serve."""

    def __init__(self, cache: Cache, variant: Variant) -> None:
        super().__init__(cache, variant)
        self.targets: set[str] = set()
        """The clusters of the route in force."""
        self._nonces: dict[str, str] = {}

    @property
    @abstractmethod
    def missing(self) -> set[str]:
        """The clusters that the route in force goes to and that cannot serve."""

    def client_reads(self) -> bool:
        """Deliver one response."""
        answer = self._delivered()
        if answer is None:
            return False
        self._nonces[answer.type_url] = answer.nonce
        self._take(answer)
        return True

    @abstractmethod
    def _take(self, answer: Answer) -> None:
        """Accept a response and act on it."""

    def _say(
        self,
        type_url: str,
        names: Iterable[str],
        new: Iterable[str] = (),
        gone: Iterable[str] = (),
    ) -> None:
        """Accept the newest response, and ask for `names`: for `new` ones, and not for `gone`."""
        nonce = self._nonces.get(type_url, "")
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
                type_url=type_url, resource_names=names, response_nonce=nonce
            )
        self.to_server.append(request)


def targets_of(answer: Answer) -> set[str]:
    """Return the clusters of the route in a response."""
    return set(answer.resources[ROUTE].partition("#")[0].split("+"))
