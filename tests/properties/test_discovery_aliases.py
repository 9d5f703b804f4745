"""Whoever asks by names and aliases holds exactly the resources that these stand for."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from straightway.discovery import VIRTUAL_HOST, Cache, Resource, Variant
from tests.support.conversation import KEY, Conversation, resource

NAMES = ("a", "b", "c")
ALIASES = ("x", "y", "a")  # One of them is a resource's name, too.

contents = st.fixed_dictionaries(
    {},
    optional={
        name: st.tuples(st.sampled_from("12"), st.sets(st.sampled_from(ALIASES))) for name in NAMES
    },
)
asked = st.sets(st.sampled_from((*NAMES, *ALIASES)))
# Of two clients, as streams that are equally far may share what they are sent.
steps = st.lists(
    st.tuples(contents, st.tuples(asked, asked), st.tuples(st.booleans(), st.booleans())),
    min_size=1,
    max_size=8,
)


def make(content: dict[str, tuple[str, set[str]]]) -> list[Resource]:
    """Make resources of which no two claim the same alias."""
    made, taken = [], set[str]()
    for name, (version, aliases) in content.items():
        own = sorted(aliases - taken)
        taken |= aliases
        made.append(resource(VIRTUAL_HOST, name, version + "".join(own), aliases=own))
    return made


def stands_for(name: str, served: list[Resource]) -> Resource | None:
    by_alias = {alias: each for each in served for alias in each.aliases}
    return {each.name: each for each in served}.get(name) or by_alias.get(name)


class Client:
    def __init__(self, cache: Cache) -> None:
        self.talk = Conversation(Variant.DELTA, cache=cache)
        self.named: set[str] = set()
        self.held: dict[str, str] = {}

    def ask(self, names: set[str]) -> None:
        if names - self.named:
            self.talk.change(VIRTUAL_HOST, names - self.named)
            self.named |= names

    def read(self) -> None:
        for answer in self.talk.answers():
            self.held.update(answer.resources)
            for name in answer.removed:
                self.held.pop(name, None)


@settings(max_examples=500, deadline=None)
@given(steps)
def test_clients_that_ask_by_aliases_converge(
    steps: list[
        tuple[dict[str, tuple[str, set[str]]], tuple[set[str], set[str]], tuple[bool, bool]]
    ],
):
    cache = Cache()
    cache.set(KEY, {})
    clients = Client(cache), Client(cache)
    for content, asked, reads in steps:
        served = make(content)
        for client, names in zip(clients, asked, strict=True):
            client.ask(names)
        gone = set(cache.get(KEY, VIRTUAL_HOST)) - content.keys()
        cache.update(KEY, {VIRTUAL_HOST: (served, gone)})
        for client, is_reading in zip(clients, reads, strict=True):
            if is_reading:
                client.read()
    for client in clients:
        client.read()
        found = [stands_for(name, served) for name in client.named]
        assert client.held == {each.name: each.version for each in found if each is not None}
