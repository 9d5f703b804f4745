"""The client side of the xDS protocol against the pure state machine, with decoded responses.

Resources contain no Envoy config here: a resource's value is its name and version as text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from envoy.config.core.v3.base_pb2 import Node
from envoy.service.discovery.v3.discovery_pb2 import (
    DeltaDiscoveryRequest,
    DeltaDiscoveryResponse,
    DiscoveryRequest,
    DiscoveryResponse,
)
from envoy.service.discovery.v3.discovery_pb2 import (
    Resource as Wrapper,
)
from google.protobuf.any_pb2 import Any
from google.rpc.status_pb2 import Status

from straightway.discovery import Cache, Limits, Resource, Variant, requests
from straightway.discovery.session import Received, Session

KEY = "audience"


def resource(
    type_url: str,
    name: str,
    version: str = "1",
    *,
    eds_service_name: str = "",
    aliases: Iterable[str] = (),
    ttl: float | None = None,
) -> Resource:
    """Return a resource whose value is `name@version`."""
    value = f"{name}@{version}".encode()
    return Resource.encoded(
        name,
        type_url,
        value,
        version=version,
        eds_service_name=eds_service_name,
        aliases=aliases,
        ttl=ttl,
    )


def resources(type_url: str, *texts: str) -> list[Resource]:
    """Return resources from texts like `a` or `a@2`."""
    split = (text.partition("@") for text in texts)
    return [resource(type_url, name, version or "1") for name, _, version in split]


@dataclass(frozen=True)
class Answer:
    """A decoded response: versions by name, in order, and the removed names.

    `heartbeats` are the versions of resources without a body; they, `ttls` and `aliases` are keyed
    by name. `wrapped` are the names with a wrapper in a state-of-the-world response.
    """

    type_url: str
    nonce: str
    version: str
    resources: Mapping[str, str]
    removed: tuple[str, ...] = ()
    heartbeats: Mapping[str, str] = field(default_factory=dict)
    ttls: Mapping[str, float] = field(default_factory=dict)
    aliases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    wrapped: tuple[str, ...] = ()


def decode(variant: Variant, data: bytes) -> Answer:
    """Decode a response of either variant; it must not contain a name twice."""
    if variant is Variant.DELTA:
        delta = DeltaDiscoveryResponse.FromString(data)
        items = list(delta.resources)
        version, removed = delta.system_version_info, tuple(delta.removed_resources)
        type_url, nonce = delta.type_url, delta.nonce
        wrapped: tuple[str, ...] = ()
    else:
        sotw = DiscoveryResponse.FromString(data)
        items = [_unwrapped(each) for each in sotw.resources]
        version, removed, type_url, nonce = sotw.version_info, (), sotw.type_url, sotw.nonce
        wrapped = tuple(
            item.name
            for item, each in zip(items, sotw.resources, strict=True)
            if each.type_url != type_url
        )
    whole = [each for each in items if each.HasField("resource")]
    assert all(each.resource.type_url == type_url for each in whole)
    named = [(each.name, each.version) for each in whole]
    assert named == [_name_and_version(each.resource.value) for each in whole]
    names = [each.name for each in items] + list(removed)
    assert len(names) == len(set(names)), f"a name twice in one response: {names}"
    return Answer(
        type_url,
        nonce,
        version,
        dict(named),
        removed,
        heartbeats={e.name: e.version for e in items if not e.HasField("resource")},
        ttls={e.name: e.ttl.ToNanoseconds() / 1e9 for e in items if e.HasField("ttl")},
        aliases={each.name: tuple(each.aliases) for each in items if each.aliases},
        wrapped=wrapped,
    )


def _unwrapped(body: Any) -> Wrapper:
    wrapper = Wrapper()
    if not body.Unpack(wrapper):
        name, version = _name_and_version(body.value)
        return Wrapper(name=name, version=version, resource=body)
    return wrapper


def _name_and_version(value: bytes) -> tuple[str, str]:
    name, _, version = value.decode().partition("@")
    return name, version


class Conversation:
    """The session of one stream and its cache; time stands still unless a test advances it."""

    def __init__(
        self,
        variant: Variant,
        *,
        cache: Cache | None = None,
        hold: float = 1.0,
        features: Iterable[str] = (),
    ) -> None:
        self.variant = variant
        self.cache = cache or Cache()
        self.session = Session(variant, hold, Limits())
        self.now = 0.0
        self.features = features
        self._nonces: set[str] = set()

    def set(self, content: Mapping[str, Iterable[Resource]]) -> None:
        """Set the whole snapshot."""
        self.cache.set(KEY, content)

    def serve(self, type_url: str, *texts: str) -> None:
        """Replace all resources of a type with `texts` (`a`, `a@2`)."""
        if KEY not in self.cache:
            self.cache.set(KEY, {})
        gone = list(self.cache.get(KEY, type_url))
        wanted = resources(type_url, *texts)
        kept = {each.name for each in wanted}
        self.cache.update(KEY, {type_url: (wanted, [name for name in gone if name not in kept])})

    def ask(
        self, type_url: str, *names: str, nonce: str = "", error: str | None = None
    ) -> Received:
        """Send a state-of-the-world request; with an `error` message it is a NACK."""
        detail = None if error is None else Status(code=3, message=error)
        return self.session.request(
            DiscoveryRequest(
                node=Node(client_features=self.features),
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
        request = DeltaDiscoveryRequest(
            node=Node(client_features=self.features),
            type_url=type_url,
            resource_names_subscribe=subscribe,
            resource_names_unsubscribe=unsubscribe,
            response_nonce=nonce,
            error_detail=detail,
            initial_resource_versions=initial,
        )
        return self.session.request(requests.decode(Variant.DELTA, request.SerializeToString()))

    def next(self) -> Answer | None:
        """Return the next response, or None if there is nothing to send."""
        tables = self.cache.tables(KEY)
        response = None if tables is None else self.session.next(tables, self.now)
        if response is None:
            return None
        answer = decode(self.variant, response.data)
        assert answer.nonce == response.nonce
        assert answer.nonce not in self._nonces, "a nonce twice on one stream"
        self._nonces.add(answer.nonce)
        return answer

    def answers(self) -> list[Answer]:
        """Return all pending responses.

        A stream asks no further once the session says that there is no more, and waits for changes
        alone; so nothing may be due then, now or at any time.
        """
        found: list[Answer] = []
        says_more = True
        while (answer := self.next()) is not None:
            assert says_more, "a response after the last"
            found.append(answer)
            says_more = self.session.has_more
            assert len(found) < 100, "responses without end"
        assert says_more or self.session.deadline is None, "a stream would miss the deadline"
        return found

    def answer(self) -> Answer:
        """Return the only pending response."""
        (answer,) = self.answers()
        return answer


def sotw(*, hold: float = 1.0, features: Iterable[str] = ()) -> Conversation:
    """Return a state-of-the-world conversation."""
    return Conversation(Variant.STATE_OF_THE_WORLD, hold=hold, features=features)


def delta(*, hold: float = 1.0, features: Iterable[str] = ()) -> Conversation:
    """Return a delta conversation."""
    return Conversation(Variant.DELTA, hold=hold, features=features)
