"""Streams that share what they are sent are sent what each would be sent alone.

Beside every client's session goes another that is told the same, and that shares nothing, knows no
ACK by its bytes and takes no short way.
"""

from __future__ import annotations

from collections import deque
from typing import Final

import pytest
from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest, DiscoveryRequest
from google.rpc.status_pb2 import Status
from hypothesis import given, settings
from hypothesis import strategies as st

from straightway.discovery import (
    CLUSTER,
    CLUSTER_LOAD_ASSIGNMENT,
    LISTENER,
    ROUTE_CONFIGURATION,
    SECRET,
    Cache,
    Limits,
    Resource,
    Variant,
)
from straightway.discovery.cache import Changes
from straightway.discovery.delta import DeltaSubscription
from straightway.discovery.requests import Request, decode
from straightway.discovery.response import Response
from straightway.discovery.session import Received, Session
from straightway.discovery.sotw import SotwSubscription
from straightway.discovery.subscription import Subscription
from tests.support.conversation import KEY, resource
from tests.support.conversation import decode as decode_response

TYPES: Final = (CLUSTER, CLUSTER_LOAD_ASSIGNMENT, LISTENER, ROUTE_CONFIGURATION, SECRET)
CLIENTS: Final = 3

types = st.sampled_from(TYPES)
names = st.sampled_from("abc")
wanted = st.sets(st.sampled_from(("a", "b", "c", "x", "*")))
clients = st.integers(min_value=0, max_value=CLIENTS - 1)
one_content = st.dictionaries(names, st.none() | st.sampled_from("12"), min_size=1)
steps = st.one_of(
    st.tuples(st.just("change"), st.dictionaries(types, one_content, min_size=1)),
    st.tuples(st.just("ask"), clients, types, wanted, wanted),
    st.tuples(st.just("settle"), st.permutations(range(CLIENTS))),
    st.tuples(st.just("settle"), st.permutations(range(CLIENTS))),
    st.tuples(st.just("send all"), st.permutations(range(CLIENTS))),
    st.tuples(st.just("send"), clients),
    st.tuples(st.just("answer"), clients, st.booleans()),
    st.tuples(st.just("answer"), clients, st.just(True)),
    st.tuples(st.just("wait"), st.just(0.6)),
)


class AloneDelta(DeltaSubscription):
    __slots__ = ()

    def _makes_common_plans(self) -> bool:
        return False


class AloneSotw(SotwSubscription):
    __slots__ = ()

    def _makes_common_plans(self) -> bool:
        return False


class AloneSession(Session):
    """Makes all its plans itself, and always goes the long way."""

    __slots__ = ()

    def next(self, tables, now: float) -> Response | None:
        return self._next_in_order(tables, now)

    def accept(self, data: bytes) -> Received | None:
        return None

    def _open(self, type_url: str, request: Request) -> Subscription:
        subscription = super()._open(type_url, request)
        is_delta = isinstance(subscription, DeltaSubscription)
        subscription.__class__ = AloneDelta if is_delta else AloneSotw
        return subscription


def make(type_url: str, name: str, version: str) -> Resource:
    aliases = ("x",) if type_url == SECRET and name + version in ("a1", "b2") else ()
    eds = name if type_url == CLUSTER and name != "c" else ""
    return resource(type_url, name, version, eds_service_name=eds, aliases=aliases)


class Client:
    """A client of both sessions. What it says is the same, but for the nonces."""

    def __init__(self, variant: Variant) -> None:
        self.variant = variant
        self.sessions = [
            kind(variant, hold=1.0, limits=Limits()) for kind in (Session, AloneSession)
        ]
        self.unanswered: deque[tuple[str, tuple[str, str]]] = deque()
        self.names: dict[str, set[str]] = {}

    def ask(self, type_url: str, subscribe: set[str], unsubscribe: set[str]) -> None:
        self.names[type_url] = subscribe
        self._say(type_url, ("", ""), subscribe, unsubscribe, None)

    def answer(self, *, accept: bool) -> None:
        if self.unanswered:
            type_url, nonces = self.unanswered.popleft()
            error = None if accept else Status(code=3, message="no")
            self._say(type_url, nonces, self.names[type_url], set(), error)

    def send(self, cache: Cache, now: float) -> bool:
        """Let the server send one response, which has to be the same from both."""
        tables = cache.tables(KEY)
        assert tables is not None
        sent = [session.next(tables, now) for session in self.sessions]
        shared, alone = (each and decode_response(self.variant, each.data) for each in sent)
        if shared is None or alone is None:
            assert shared is alone is None
            deadlines = [session.deadline for session in self.sessions]
            assert deadlines[0] == deadlines[1]
            assert deadlines[0] is None or deadlines[0] > now
            return False
        for what in ("type_url", "version", "resources", "removed"):
            assert getattr(shared, what) == getattr(alone, what)
        self.unanswered.append((shared.type_url, (shared.nonce, alone.nonce)))
        return True

    def settle(self, cache: Cache, now: float) -> None:
        """Send and accept everything."""
        for _ in range(100):
            self.answer(accept=True)
            if not self.send(cache, now) and not self.unanswered:
                return
        raise AssertionError("client and server never fall silent")

    def _say(
        self,
        type_url: str,
        nonces: tuple[str, str],
        subscribe: set[str],
        unsubscribe: set[str],
        error: Status | None,
    ) -> None:
        for session, nonce in zip(self.sessions, nonces, strict=True):
            request: DiscoveryRequest | DeltaDiscoveryRequest
            if self.variant is Variant.DELTA:
                request = DeltaDiscoveryRequest(
                    type_url=type_url,
                    resource_names_subscribe=() if nonce else sorted(subscribe),
                    resource_names_unsubscribe=sorted(unsubscribe),
                    response_nonce=nonce,
                    error_detail=error,
                )
            else:
                request = DiscoveryRequest(
                    type_url=type_url,
                    resource_names=sorted(subscribe),
                    response_nonce=nonce,
                    error_detail=error,
                )
            data = request.SerializeToString()
            if session.accept(data) is None:
                session.request(decode(self.variant, data))


def changes(content: dict[str, dict[str, str | None]]) -> dict[str, Changes]:
    """Return what changes, where None stands for a removal."""
    return {
        url: (
            [make(url, name, version) for name, version in of_type.items() if version is not None],
            [name for name, version in of_type.items() if version is None],
        )
        for url, of_type in content.items()
    }


def happens(step: tuple[object, ...], everyone: list[Client], cache: Cache, now: float) -> None:
    """Let one client, or all, do something."""
    match step:
        case ("ask", int(which), str(url), set(subscribe), set(unsubscribe)):
            everyone[which].ask(url, subscribe, unsubscribe)
        case ("settle", list(order)):
            for which in order:
                everyone[which].settle(cache, now)
        case ("send all", list(order)):
            for which in order:
                everyone[which].send(cache, now)
        case ("send", int(which)):
            everyone[which].send(cache, now)
        case ("answer", int(which), bool(accept)):
            everyone[which].answer(accept=accept)
        case _:
            raise AssertionError(step)


@pytest.mark.long
@pytest.mark.parametrize("variant", Variant)
@given(
    start=st.lists(st.dictionaries(types, wanted), min_size=CLIENTS, max_size=CLIENTS),
    story=st.lists(steps, max_size=20),
)
@settings(max_examples=1500, deadline=None)
def test_sharing_makes_no_difference(
    variant: Variant, start: list[dict[str, set[str]]], story: list[tuple[object, ...]]
):
    cache, now = Cache(), 0.0
    cache.set(KEY, {url: [make(url, name, "1") for name in "ab"] for url in TYPES})
    everyone = [Client(variant) for _ in range(CLIENTS)]
    for client, asked in zip(everyone, start, strict=True):
        for url, subscribe in asked.items():
            client.ask(url, subscribe, set())
        client.settle(cache, now)
    for step in story:
        match step:
            case ("change", dict(content)):
                cache.update(KEY, changes(content))
            case ("wait", float(seconds)):
                now += seconds
            case _:
                happens(step, everyone, cache, now)
    for client in everyone:
        client.settle(cache, now)
