"""A client that names its clusters keeps a cluster until it gives up the name.

gRPC's xDS client learns from a new route which cluster it needs. It goes on using the old one until
it has the new one with its endpoints, and only then gives up the name.
"""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from straightway.discovery import (
    CLUSTER,
    CLUSTER_LOAD_ASSIGNMENT,
    LISTENER,
    ROUTE_CONFIGURATION,
    SECRET,
    Resource,
    Variant,
)
from tests.support.conversation import Answer, Conversation, resource, resources


def service(*names: str, route: str = "") -> dict[str, list[Resource]]:
    """Clusters with endpoints by EDS, and a route that goes to the first of them."""
    return {
        CLUSTER: [resource(CLUSTER, name, eds_service_name=name) for name in names],
        CLUSTER_LOAD_ASSIGNMENT: resources(CLUSTER_LOAD_ASSIGNMENT, *names),
        LISTENER: resources(LISTENER, "listener"),
        ROUTE_CONFIGURATION: [resource(ROUTE_CONFIGURATION, "route", f"to-{route or names[0]}")],
    }


@pytest.fixture(params=Variant)
def talk(request: pytest.FixtureRequest) -> Conversation:
    """A client that has the service `old`, each resource by its name."""
    talk = Conversation(request.param)
    talk.set(service("old"))
    for type_url, name in (
        (LISTENER, "listener"),
        (ROUTE_CONFIGURATION, "route"),
        (CLUSTER, "old"),
        (CLUSTER_LOAD_ASSIGNMENT, "old"),
    ):
        name_all(talk, type_url, [name])
        assert talk.answer().resources
    return talk


def name_all(
    talk: Conversation, type_url: str, names: Iterable[str], gone: Iterable[str] = ()
) -> None:
    """Name `names` from now on, and `gone` no more; in delta what is named already can be left."""
    if talk.variant is Variant.DELTA:
        talk.change(type_url, names, gone)
    else:
        talk.ask(type_url, *names)


def kinds(answers: list[Answer]) -> list[str]:
    return [answer.type_url for answer in answers]


def removed(answer: Answer, name: str) -> bool:
    """Whether a response takes a cluster away from the client."""
    return name in answer.removed or (answer.wrapped == () and name not in answer.resources)


def swapped(talk: Conversation) -> None:
    """Swap `old` for `new`, up to the client's having both."""
    talk.set(service("new"))
    assert kinds(talk.answers()) == [ROUTE_CONFIGURATION]
    name_all(talk, CLUSTER, ["old", "new"] if talk.variant is not Variant.DELTA else ["new"])
    answer = talk.answer()
    assert answer.resources["new"] == "1"
    assert "old" not in answer.removed
    if talk.variant is not Variant.DELTA:
        assert answer.resources == {"old": "1", "new": "1"}


def test_a_cluster_stays_until_the_client_gives_up_its_name(talk: Conversation):
    swapped(talk)
    is_delta = talk.variant is Variant.DELTA
    name_all(talk, CLUSTER_LOAD_ASSIGNMENT, ["new"] if is_delta else ["old", "new"])
    assert talk.answer().resources["new"] == "1"

    name_all(talk, CLUSTER, [] if is_delta else ["new"], ["old"])
    name_all(talk, CLUSTER_LOAD_ASSIGNMENT, [] if is_delta else ["new"], ["old"])
    assert talk.answers() == [], "it has dropped them itself"
    assert talk.session.deadline is None


def test_a_name_that_is_kept_holds_a_removal_up_for_no_longer_than_the_time_limit(
    talk: Conversation,
):
    talk.now = 10.0
    swapped(talk)
    assert talk.session.deadline == 11.0
    talk.now = 10.9
    assert talk.answers() == []
    talk.now = 11.0
    answers = talk.answers()
    if talk.variant is Variant.DELTA:
        assert [(each.type_url, each.removed) for each in answers] == [
            (CLUSTER, ("old",)),
            (CLUSTER_LOAD_ASSIGNMENT, ("old",)),
        ]
    else:
        assert [each.resources for each in answers] == [{"new": "1"}]
    assert talk.session.deadline is None


def test_each_removal_has_its_own_time(talk: Conversation):
    talk.set(service("old", "other", "third"))
    name_all(talk, CLUSTER, ["old", "other", "third"])
    talk.answers()
    talk.set(service("old", "third"))
    assert talk.answers() == []
    talk.now = 0.6
    talk.set(service("old"))
    assert talk.answers() == []
    assert talk.session.deadline == 1.0

    talk.now = 1.0
    answer = talk.answer()
    if talk.variant is Variant.DELTA:
        assert answer.removed == ("other",)
    else:
        assert answer.resources == {"old": "1", "third": "1"}
    assert talk.session.deadline == 1.6


def test_what_comes_back_in_time_was_never_gone(talk: Conversation):
    talk.set(service("other", route="old"))
    assert talk.answers() == []
    talk.now = 0.9
    talk.set(service("old"))
    assert CLUSTER not in kinds(talk.answers())
    assert talk.session.deadline is None

    talk.set(service("other", route="old"))
    assert talk.answers() == []
    assert talk.session.deadline == 1.9, "it vanishes anew"


def test_a_removal_that_waits_does_not_keep_other_changes_waiting(talk: Conversation):
    talk.set(service("other", route="old"))
    assert talk.answers() == []
    content = service("other", route="old")
    content[ROUTE_CONFIGURATION] = [resource(ROUTE_CONFIGURATION, "route", "2")]
    talk.set(content)
    assert kinds(talk.answers()) == [ROUTE_CONFIGURATION]
    assert talk.session.deadline == 1.0


def test_a_wait_that_ends_while_routes_are_held_back_does_not_wake_the_stream(talk: Conversation):
    talk.set(service("other", route="old"))
    assert talk.answers() == []
    talk.now = 0.5
    # A changed cluster, of which the client has yet to get the endpoints, holds routes back.
    name_all(talk, CLUSTER, ["old", "other"])
    talk.answers()
    talk.set(service("other"))
    talk.now = 1.2
    assert talk.answers() == []
    assert talk.session.deadline == 1.5
    talk.now = 1.5
    assert ROUTE_CONFIGURATION in kinds(talk.answers())


def test_a_stream_without_routes_removes_at_once():
    for variant in Variant:
        talk = Conversation(variant)
        talk.set(service("old"))
        name_all(talk, CLUSTER, ["old"])
        talk.answer()
        talk.set(service("new"))
        assert removed(talk.answer(), "old")


def test_a_wildcard_client_is_informed_at_once():
    for variant in Variant:
        talk = Conversation(variant)
        talk.set(service("old"))
        name_all(talk, CLUSTER, [])
        name_all(talk, CLUSTER_LOAD_ASSIGNMENT, ["old"])
        name_all(talk, LISTENER, [])
        talk.answers()
        talk.set(service("other"))
        assert removed(talk.answer(), "old")


def test_listeners_and_routes_are_removed_at_once_though_named(talk: Conversation):
    content = service("old")
    content[LISTENER] = []
    talk.set(content)
    assert removed(talk.answer(), "listener")


def test_a_name_that_never_existed_is_reported_at_once():
    talk = Conversation(Variant.DELTA)
    talk.set({})
    talk.change(ROUTE_CONFIGURATION, ["route"])
    talk.change(CLUSTER, ["nothing"])
    talk.change(SECRET, ["nothing"])
    assert [each.removed for each in talk.answers()] == [("nothing",), ("route",), ("nothing",)]
