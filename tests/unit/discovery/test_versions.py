"""The version that a response carries: the caller's for the type, or else a digest."""

import pytest

from straightway.discovery import CLUSTER, LISTENER, ROUTE_CONFIGURATION, Variant
from tests.support.conversation import KEY, Conversation, resource, resources, sotw


@pytest.fixture(params=Variant)
def talk(request: pytest.FixtureRequest) -> Conversation:
    return Conversation(request.param)


def ask(talk: Conversation, type_url: str, *names: str) -> None:
    if talk.variant is Variant.DELTA:
        talk.change(type_url, names)
    else:
        talk.ask(type_url, *names)


def test_a_response_carries_the_version_that_the_caller_gives_its_type(talk: Conversation):
    talk.cache.set(
        KEY,
        {CLUSTER: resources(CLUSTER, "a"), LISTENER: resources(LISTENER, "l")},
        versions={CLUSTER: "revision 7"},
    )
    ask(talk, CLUSTER)
    ask(talk, LISTENER)
    clusters, listeners = talk.answers()
    assert clusters.version == "revision 7"
    assert len(listeners.version) == 16, "a digest"


def test_a_version_names_the_content_that_it_came_with_and_no_later_one(talk: Conversation):
    talk.cache.set(KEY, {CLUSTER: resources(CLUSTER, "a")}, versions={CLUSTER: "1"})
    ask(talk, CLUSTER)
    assert talk.answer().version == "1"

    talk.cache.update(KEY, {CLUSTER: (resources(CLUSTER, "a@2"), [])}, versions={CLUSTER: "2"})
    assert talk.answer().version == "2"
    talk.cache.update(KEY, {CLUSTER: (resources(CLUSTER, "a@3"), [])})
    assert len(talk.answer().version) == 16
    talk.cache.set(KEY, {CLUSTER: resources(CLUSTER, "a@4")}, versions={CLUSTER: "4"})
    assert talk.answer().version == "4"
    talk.cache.set(KEY, {CLUSTER: resources(CLUSTER, "a@5")})
    assert len(talk.answer().version) == 16


def test_a_new_version_of_the_same_content_goes_with_the_next_response(talk: Conversation):
    content = {CLUSTER: resources(CLUSTER, "a")}
    talk.cache.set(KEY, content, versions={CLUSTER: "1"})
    ask(talk, CLUSTER)
    assert talk.answer().version == "1"
    woken: list[bool] = []
    talk.cache.watch(KEY, lambda: woken.append(True))

    talk.cache.set(KEY, content, versions={CLUSTER: "2"})
    assert talk.answers() == []
    assert not woken

    other = Conversation(talk.variant, cache=talk.cache)
    ask(other, CLUSTER)
    assert other.answer().version == "2"


def test_a_set_that_still_holds_what_is_to_go_has_a_version_of_its_own():
    talk = sotw()
    talk.cache.set(
        KEY,
        {
            CLUSTER: resources(CLUSTER, "old"),
            ROUTE_CONFIGURATION: [resource(ROUTE_CONFIGURATION, "route")],
        },
    )
    talk.ask(CLUSTER)
    talk.ask(ROUTE_CONFIGURATION, "route")
    talk.answers()
    talk.cache.set(
        KEY,
        {
            CLUSTER: resources(CLUSTER, "new"),
            ROUTE_CONFIGURATION: [resource(ROUTE_CONFIGURATION, "route", "2")],
        },
        versions={CLUSTER: "2"},
    )
    both, _, final = talk.answers()
    assert both.resources.keys() == {"old", "new"}
    assert both.version != "2"
    assert (final.resources, final.version) == ({"new": "1"}, "2")
