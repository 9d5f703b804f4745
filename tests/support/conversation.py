"""A client's side of the xDS protocol against the pure state machine, with what it says decoded.

Resources hold no Envoy config here: a resource's value is its version, as text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from envoy.service.discovery.v3.discovery_pb2 import (
    DeltaDiscoveryRequest,
    DeltaDiscoveryResponse,
    DiscoveryRequest,
    DiscoveryResponse,
)
from google.rpc.status_pb2 import Status

from straightway.discovery import Cache, Limits, Resource, Variant
from straightway.discovery.session import Received, Session

KEY = "audience"


def resource(type_url: str, name: str, version: str = "1", *, warms: str = "") -> Resource:
    """Return a resource whose value is `name@version`."""
    value = f"{name}@{version}".encode()
    return Resource.encoded(name, type_url, value, version=version, warms=warms)


def resources(type_url: str, *texts: str) -> list[Resource]:
    """Return resources from texts like `a` or `a@2`."""
    split = (text.partition("@") for text in texts)
    return [resource(type_url, name, version or "1") for name, _, version in split]


@dataclass(frozen=True)
class Answer:
    """A decoded response: versions by name, in order, and the names that it removes."""

    type_url: str
    nonce: str
    version: str
    resources: Mapping[str, str]
    removed: tuple[str, ...] = ()


def decode(variant: Variant, data: bytes) -> Answer:
    """Decode a response of either variant; no name may be in it twice."""
    if variant is Variant.DELTA:
        delta = DeltaDiscoveryResponse.FromString(data)
        named = [(each.name, each.version) for each in delta.resources]
        assert named == [_name_and_version(each.resource.value) for each in delta.resources]
        version, removed = delta.system_version_info, tuple(delta.removed_resources)
        type_url, nonce = delta.type_url, delta.nonce
        assert all(each.resource.type_url == type_url for each in delta.resources)
    else:
        sotw = DiscoveryResponse.FromString(data)
        named = [_name_and_version(each.value) for each in sotw.resources]
        version, removed, type_url, nonce = sotw.version_info, (), sotw.type_url, sotw.nonce
        assert all(each.type_url == type_url for each in sotw.resources)
    names = [name for name, _ in named] + list(removed)
    assert len(names) == len(set(names)), f"a name twice in one response: {names}"
    return Answer(type_url, nonce, version, dict(named), removed)


def _name_and_version(value: bytes) -> tuple[str, str]:
    name, _, version = value.decode().partition("@")
    return name, version


class Conversation:
    """One stream's session and the cache that it serves, with time standing still unless told."""

    def __init__(self, variant: Variant, *, cache: Cache | None = None, hold: float = 1.0) -> None:
        self.variant = variant
        self.cache = cache or Cache()
        self.session = Session(variant, hold, Limits())
        self.now = 0.0

    def set(self, content: Mapping[str, Iterable[Resource]]) -> None:
        """Set the whole snapshot."""
        self.cache.set(KEY, content)

    def serve(self, type_url: str, *texts: str) -> None:
        """Make `texts` (`a`, `a@2`) all that there is of a type."""
        if KEY not in self.cache:
            self.cache.set(KEY, {})
        gone = list(self.cache.get(KEY, type_url))
        wanted = resources(type_url, *texts)
        kept = {each.name for each in wanted}
        self.cache.update(KEY, {type_url: (wanted, [name for name in gone if name not in kept])})

    def ask(
        self, type_url: str, *names: str, nonce: str = "", error: str | None = None
    ) -> Received:
        """Send a state-of-the-world request; with `error` (the client's words) it is a NACK."""
        detail = None if error is None else Status(code=3, message=error)
        return self.session.request(
            DiscoveryRequest(
                type_url=type_url,
                resource_names=names,
                response_nonce=nonce,
                error_detail=detail,
            )
        )

    def change(
        self,
        type_url: str,
        subscribe: Iterable[str] = (),
        unsubscribe: Iterable[str] = (),
        *,
        nonce: str = "",
        error: str | None = None,
        initial: Mapping[str, str] | None = None,
    ) -> Received:
        """Send a delta request."""
        detail = None if error is None else Status(code=3, message=error)
        return self.session.request(
            DeltaDiscoveryRequest(
                type_url=type_url,
                resource_names_subscribe=subscribe,
                resource_names_unsubscribe=unsubscribe,
                response_nonce=nonce,
                error_detail=detail,
                initial_resource_versions=initial,
            )
        )

    def next(self) -> Answer | None:
        """Return the next response, None if there is nothing to send."""
        tables = self.cache.tables(KEY)
        response = None if tables is None else self.session.next(tables, self.now)
        return None if response is None else decode(self.variant, response.data)

    def answers(self) -> list[Answer]:
        """Return all responses that are to be sent now."""
        found = []
        while (answer := self.next()) is not None:
            found.append(answer)
            assert len(found) < 100, "responses without end"
        return found

    def answer(self) -> Answer:
        """Return the one response that is to be sent now."""
        (answer,) = self.answers()
        return answer


def sotw(*, hold: float = 1.0) -> Conversation:
    """Return a state-of-the-world conversation."""
    return Conversation(Variant.STATE_OF_THE_WORLD, hold=hold)


def delta(*, hold: float = 1.0) -> Conversation:
    """Return an incremental conversation."""
    return Conversation(Variant.DELTA, hold=hold)
