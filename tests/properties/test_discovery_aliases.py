"""Whoever asks by names and aliases holds exactly the resources that these stand for."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from straightway.discovery import VIRTUAL_HOST, Resource
from tests.support.conversation import KEY, Conversation, delta, resource

NAMES = ("a", "b", "c")
ALIASES = ("x", "y", "a")  # One of them is a resource's name, too.

contents = st.fixed_dictionaries(
    {},
    optional={
        name: st.tuples(st.sampled_from("12"), st.sets(st.sampled_from(ALIASES))) for name in NAMES
    },
)
asked = st.sets(st.sampled_from((*NAMES, *ALIASES)))
steps = st.lists(st.tuples(contents, asked, st.booleans()), min_size=1, max_size=8)


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
    def __init__(self) -> None:
        self.held: dict[str, str] = {}

    def read(self, talk: Conversation) -> None:
        for answer in talk.answers():
            self.held.update(answer.resources)
            for name in answer.removed:
                self.held.pop(name, None)


@settings(max_examples=500, deadline=None)
@given(steps)
def test_a_client_that_asks_by_aliases_converges(
    steps: list[tuple[dict[str, tuple[str, set[str]]], set[str], bool]],
):
    talk, client = delta(), Client()
    talk.set({})
    named: set[str] = set()
    for content, names, reads in steps:
        served = make(content)
        if names - named:
            talk.change(VIRTUAL_HOST, names - named)
            named |= names
        gone = set(talk.cache.get(KEY, VIRTUAL_HOST)) - content.keys()
        talk.cache.update(KEY, {VIRTUAL_HOST: (served, gone)})
        if reads:
            client.read(talk)
    client.read(talk)

    found = [stands_for(name, served) for name in named]
    assert client.held == {each.name: each.version for each in found if each is not None}
