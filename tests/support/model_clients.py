"""Reference clients that follow the xDS spec strictly, to test the server's state machine.

Each client checks every response: none may be redundant.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import defaultdict
from dataclasses import dataclass, field

from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest, DiscoveryRequest
from google.rpc.status_pb2 import Status

from straightway.discovery import (
    CLUSTER,
    CLUSTER_LOAD_ASSIGNMENT,
    LISTENER,
    Cache,
    Variant,
)
from straightway.discovery.requests import Request
from tests.support.conversation import KEY, Answer
from tests.support.piped_client import PipedClient

COMPLETE_TYPES = (CLUSTER, LISTENER)
WILDCARD = "*"
ERROR = Status(code=3, message="rejected")


@dataclass
class TypeView:
    """What a client subscribes to and holds of one type."""

    names: set[str] = field(default_factory=set)
    wildcard: bool = False
    held: dict[str, str] = field(default_factory=dict)
    # Of the current stream: the last nonce, and whether the client ever named a resource.
    nonce: str = ""
    ever_named: bool = False
    # Names that may be sent though the client holds them (`*` for all), because it has asked for
    # them, or rejected them, or got their cluster.
    expected: set[str] = field(default_factory=set)
    # Names that the server has deleted without a word, as state of the world does, and how many
    # responses it had sent by then.
    deleted: dict[str, int] = field(default_factory=dict)

    @property
    def subscription(self) -> set[str]:
        return self.names | ({WILDCARD} if self.wildcard else set())

    def wants(self, name: str) -> bool:
        return self.wildcard or name in self.names

    def expects(self, name: str) -> bool:
        return not (self.expected | self.deleted.keys()).isdisjoint((name, WILDCARD))


class ModelClient(PipedClient, ABC):
    """One client, which may reconnect with new streams.

    A `legacy` client sends a wildcard as an empty list of names where the spec allows it.
    """

    def __init__(self, cache: Cache, variant: Variant, *, legacy: bool) -> None:
        self.legacy = legacy
        self.views: dict[str, TypeView] = defaultdict(TypeView)
        self.warming: set[str] = set()
        self.sent = 0  # Responses so far, and how many were read or lost.
        self.read = 0
        super().__init__(cache, variant)

    def _open(self) -> None:
        super()._open()
        self.read = self.sent

    def server_sends(self, now: float = 0.0) -> bool:
        """Let the server send one response."""
        sends = super().server_sends(now)
        self.sent += sends
        return sends

    def client_reads(self, *, accept: bool) -> bool:
        """Deliver one response; the client accepts or rejects it."""
        answer = self._delivered()
        if answer is None:
            return False
        self.read += 1
        view = self.views[answer.type_url]
        view.nonce = answer.nonce
        self._check(view, answer)
        self._note_warming(answer)
        self._apply(view, answer, accept=accept)
        if not accept:
            view.expected |= answer.resources.keys()
        self.to_server.append(self._verdict(answer, None if accept else ERROR))
        return True

    def settle(self, now: float) -> float:
        """Deliver and accept everything until both sides are idle; return the time."""
        for _ in range(1000):
            if self.server_reads() or self.client_reads(accept=True) or self.server_sends(now):
                continue
            if self.session.deadline is None or now > self.session.deadline:
                self._expect_nothing()
                return now
            now = self.session.deadline
        raise AssertionError("client and server never fall silent")

    def _expect_nothing(self) -> None:
        if KEY in self.cache:  # Otherwise the server has not sent any answer.
            for view in self.views.values():
                view.expected.clear()

    def want(self, type_url: str, names: set[str], *, wildcard: bool) -> None:
        """Change the subscription; do nothing if the protocol cannot express the change."""
        view = self.views[type_url]
        if not names and not wildcard and not self._can_want_nothing(type_url):
            return
        before = view.subscription
        dropped = view.names - names
        view.names, view.wildcard = set(names), wildcard
        if view.subscription == before:
            return
        view.expected |= view.subscription - before
        if wildcard:
            view.expected |= dropped
        view.held = {name: version for name, version in view.held.items() if view.wants(name)}
        self._ask(type_url, before)

    def reconnect(self) -> None:
        """Open a new stream; messages in flight are lost."""
        self._open()
        for type_url, view in self.views.items():
            view.nonce = ""
            view.ever_named = False
            if view.subscription:
                self._ask_anew(type_url)

    def _first_names(self, type_url: str) -> list[str]:
        """Return the names for a stream's first request of a type."""
        view = self.views[type_url]
        if self.legacy and view.subscription == {WILDCARD} and type_url in COMPLETE_TYPES:
            return []
        return list(view.subscription)

    def _note_warming(self, answer: Answer) -> None:
        clusters, endpoints = self.views[CLUSTER], self.views[CLUSTER_LOAD_ASSIGNMENT]
        if answer.type_url == CLUSTER:
            for name, version in answer.resources.items():
                if clusters.held.get(name) != version or clusters.expects(name):
                    endpoints.expected.add(name)
                if clusters.wants(name) and clusters.held.get(name) != version:
                    self.warming.add(name)
        elif answer.type_url == CLUSTER_LOAD_ASSIGNMENT:
            self.warming -= answer.resources.keys()

    def _can_want_nothing(self, type_url: str) -> bool:
        return True

    @abstractmethod
    def _ask(self, type_url: str, before: set[str]) -> None:
        """Send a request for a changed subscription."""

    @abstractmethod
    def _ask_anew(self, type_url: str) -> None:
        """Send a new stream's first request for a type."""

    @abstractmethod
    def _check(self, view: TypeView, answer: Answer) -> None:
        """Fail if the response contains what the client already holds."""

    @abstractmethod
    def _apply(self, view: TypeView, answer: Answer, *, accept: bool) -> None:
        """Apply an accepted response."""

    @abstractmethod
    def _verdict(self, answer: Answer, error: Status | None) -> Request:
        """Return the ACK or NACK."""


class SotwClient(ModelClient):
    """A client of the state-of-the-world variant."""

    def __init__(self, cache: Cache, *, legacy: bool) -> None:
        super().__init__(cache, Variant.STATE_OF_THE_WORLD, legacy=legacy)

    def _can_want_nothing(self, type_url: str) -> bool:
        # The spec: an empty list is a wildcard until the client names a resource.
        return not self.legacy or type_url not in COMPLETE_TYPES or self.views[type_url].ever_named

    def _ask(self, type_url: str, before: set[str]) -> None:
        self.to_server.append(self._request(type_url, None))

    def _ask_anew(self, type_url: str) -> None:
        self.views[type_url].expected |= self.views[type_url].subscription
        self.to_server.append(self._request(type_url, None))

    def _check(self, view: TypeView, answer: Answer) -> None:
        if answer.type_url in COMPLETE_TYPES:
            return  # Complete sets also contain what the client holds.
        for name, version in answer.resources.items():
            assert view.held.get(name) != version or view.expects(name), f"{name} sent again"

    def _apply(self, view: TypeView, answer: Answer, *, accept: bool) -> None:
        if not accept:
            return
        if answer.type_url in COMPLETE_TYPES:
            view.held.clear()
        view.held.update((n, version) for n, version in answer.resources.items() if view.wants(n))
        for name in answer.resources.keys() & view.deleted.keys():
            if self.read > view.deleted[name]:  # And not sent before it was deleted.
                del view.deleted[name]

    def _verdict(self, answer: Answer, error: Status | None) -> Request:
        return self._request(answer.type_url, error)

    def _request(self, type_url: str, error: Status | None) -> Request:
        view = self.views[type_url]
        names = list(view.subscription) if view.ever_named else self._first_names(type_url)
        view.ever_named |= bool(names)
        return DiscoveryRequest(
            type_url=type_url,
            resource_names=names,
            response_nonce=view.nonce,
            error_detail=error,
        )


class DeltaClient(ModelClient):
    """A client of the incremental variant."""

    def __init__(self, cache: Cache, *, legacy: bool) -> None:
        super().__init__(cache, Variant.DELTA, legacy=legacy)

    def _open(self) -> None:
        super()._open()
        self.asked_for: set[str] = set()

    def _ask(self, type_url: str, before: set[str]) -> None:
        if type_url not in self.asked_for:
            self._ask_anew(type_url)
            return
        now = self.views[type_url].subscription
        self.to_server.append(
            DeltaDiscoveryRequest(
                type_url=type_url,
                resource_names_subscribe=now - before,
                resource_names_unsubscribe=before - now,
            )
        )

    def _ask_anew(self, type_url: str) -> None:
        view = self.views[type_url]
        self.asked_for.add(type_url)
        view.expected |= view.names - view.held.keys()
        self.to_server.append(
            DeltaDiscoveryRequest(
                type_url=type_url,
                resource_names_subscribe=self._first_names(type_url),
                initial_resource_versions=view.held,
            )
        )

    def _check(self, view: TypeView, answer: Answer) -> None:
        for name, version in answer.resources.items():
            assert view.held.get(name) != version or view.expects(name), f"{name} sent again"
        for name in filter(view.wants, answer.removed):
            assert name in view.held or view.expects(name), f"{name} removed, but never sent"

    def _apply(self, view: TypeView, answer: Answer, *, accept: bool) -> None:
        for name in answer.removed:
            view.held.pop(name, None)
        if accept:
            view.held.update((n, v) for n, v in answer.resources.items() if view.wants(n))

    def _verdict(self, answer: Answer, error: Status | None) -> Request:
        return DeltaDiscoveryRequest(
            type_url=answer.type_url, response_nonce=answer.nonce, error_detail=error
        )
