"""Clients that follow the spec always come to hold exactly what the server has for them.

Whatever happens in whatever order: content set, updated and removed, names subscribed and dropped,
responses accepted and rejected, streams broken. And nothing is sent that the client holds.
"""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from straightway.discovery import (
    CLUSTER,
    CLUSTER_LOAD_ASSIGNMENT,
    LISTENER,
    ROUTE_CONFIGURATION,
    Cache,
    Resource,
)
from tests.support.conversation import KEY, resource
from tests.support.model_clients import DeltaClient, ModelClient, SotwClient

TYPES = (CLUSTER, CLUSTER_LOAD_ASSIGNMENT, LISTENER, ROUTE_CONFIGURATION)
NAMES = ("a", "b")

types = st.sampled_from(TYPES)
names = st.sampled_from(NAMES)
versions = st.sampled_from("12")
contents = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(TYPES, st.dictionaries(names, versions))
)
subscriptions = st.fixed_dictionaries(
    dict.fromkeys(TYPES, st.tuples(st.sets(names), st.booleans()))
)
# Two of each variant, as streams that are equally far share what they are sent.
CLIENTS: dict[str, type[SotwClient | DeltaClient]] = {
    "sotw": SotwClient,
    "delta": DeltaClient,
    "other sotw": SotwClient,
    "other delta": DeltaClient,
}
clients = st.sampled_from(tuple(CLIENTS))


def make(type_url: str, name: str, version: str) -> Resource:
    return resource(type_url, name, version, eds_service_name=name if type_url == CLUSTER else "")


class Discovery(RuleBasedStateMachine):
    @initialize(
        legacy=st.booleans(),
        content=st.none() | contents,
        wanted=subscriptions,
    )
    def start(
        self,
        legacy: bool,
        content: dict[str, dict[str, str]] | None,
        wanted: dict[str, tuple[set[str], bool]],
    ) -> None:
        self.cache = Cache()
        self.clients = {name: kind(self.cache, legacy=legacy) for name, kind in CLIENTS.items()}
        self.now = 0.0
        self.rejected = False
        if content is not None:
            self.set_snapshot(content)
        for url, (named, wildcard) in wanted.items():
            self.subscribe(url, named, wildcard, set(CLIENTS))

    @rule(content=contents)
    def set_snapshot(self, content: dict[str, dict[str, str]]) -> None:
        before = {url: set(self.cache.get(KEY, url)) for url in TYPES}
        made = {
            url: [make(url, name, version) for name, version in of_type.items()]
            for url, of_type in content.items()
        }
        self.cache.set(KEY, made)
        for url in TYPES:
            self.expect_deleted(url, before[url] - set(self.cache.get(KEY, url)))

    @rule(url=types, name=names, version=versions)
    def put(self, url: str, name: str, version: str) -> None:
        if KEY in self.cache:
            self.cache.update(KEY, {url: ([make(url, name, version)], [])})

    @rule(url=types, name=names)
    def remove(self, url: str, name: str) -> None:
        if KEY in self.cache:
            self.cache.update(KEY, {url: ([], [name])})
            self.expect_deleted(url, {name})

    @rule(
        url=types,
        wanted=st.sets(names),
        wildcard=st.booleans(),
        which=st.just(set(CLIENTS)) | st.sets(clients),
    )
    def subscribe(self, url: str, wanted: set[str], wildcard: bool, which: set[str]) -> None:
        for name in which:
            self.clients[name].want(url, wanted, wildcard=wildcard)

    @rule(which=st.sets(clients))
    def all_send(self, which: set[str]) -> None:
        for name in which:
            self.clients[name].server_sends(self.now)

    @rule(which=clients, steps=st.lists(st.sampled_from("RSAN"), min_size=1, max_size=6))
    def go_on(self, which: str, steps: list[str]) -> None:
        """The server Reads a request or Sends a response, the client Accepts one or says No."""
        client = self.clients[which]
        for step in steps:
            match step:
                case "R":
                    client.server_reads()
                case "S":
                    client.server_sends(self.now)
                case "A":
                    client.client_reads(accept=True)
                case "N":
                    self.rejected |= client.client_reads(accept=False)

    @rule(seconds=st.sampled_from((0.3, 2.0)))
    def time_goes_by(self, seconds: float) -> None:
        self.now += seconds

    @rule(which=clients)
    def reconnect(self, which: str) -> None:
        self.clients[which].reconnect()

    @rule()
    def settle(self) -> None:
        if self.rejected:
            self.change_everything()
        self.converge()

    def teardown(self) -> None:
        if hasattr(self, "clients"):
            self.settle()

    def change_everything(self) -> None:
        # What was rejected is not sent again before it changes, so it is made to.
        content = {url: dict(self.cache.get(KEY, url)) for url in TYPES}
        self.cache.set(KEY, {url: [make(url, name, "new") for name in NAMES] for url in TYPES})
        self.converge()
        self.rejected = False
        self.cache.set(KEY, {url: of_type.values() for url, of_type in content.items()})
        for url in TYPES:
            self.expect_deleted(url, set(NAMES) - content[url].keys())

    def expect_deleted(self, url: str, gone: set[str]) -> None:
        for client in self.clients.values():
            if isinstance(client, SotwClient):
                client.views[url].deleted.update(dict.fromkeys(gone, client.sent))

    def converge(self) -> None:
        for client in self.clients.values():
            self.now = client.settle(self.now)
        for url in TYPES:
            for client in self.clients.values():
                self.compare(client, url)
            self.compare_equals(url)

    def compare_equals(self, url: str) -> None:
        """Clients that want the same hold the same, of either variant."""
        served = self.cache.get(KEY, url)
        by_subscription: dict[frozenset[str], dict[str, str]] = {}
        for client in self.clients.values():
            view = client.views[url]
            held = {name: version for name, version in view.held.items() if name in served}
            assert by_subscription.setdefault(frozenset(view.subscription), held) == held

    def compare(self, client: ModelClient, url: str) -> None:
        view = client.views[url]
        served = {n: r.version for n, r in self.cache.get(KEY, url).items() if view.wants(n)}
        held = dict(view.held)
        if KEY not in self.cache:
            assert held == {}
            return
        if isinstance(client, SotwClient) and url not in (CLUSTER, LISTENER):
            held = {name: version for name, version in held.items() if name in served}
        assert held == served
        endpoints = client.views[CLUSTER_LOAD_ASSIGNMENT]
        waiting = client.warming & self.cache.get(KEY, CLUSTER_LOAD_ASSIGNMENT).keys()
        assert not any(map(endpoints.wants, waiting)), f"clusters warm for ever: {waiting}"


Discovery.TestCase.settings = settings(max_examples=1000, stateful_step_count=25, deadline=None)
test_every_client_converges = Discovery.TestCase
