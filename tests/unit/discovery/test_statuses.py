"""How far a client has each resource that it wants."""

import pytest

from straightway.discovery import CLUSTER, CLUSTER_LOAD_ASSIGNMENT, Variant
from straightway.discovery.status import ResourceState
from tests.support.conversation import Conversation

REQUESTED = ResourceState.REQUESTED
ABSENT = ResourceState.ABSENT
UNSENT = ResourceState.UNSENT
OUTDATED = ResourceState.OUTDATED
UNANSWERED = ResourceState.UNANSWERED
ACCEPTED = ResourceState.ACCEPTED
REJECTED = ResourceState.REJECTED


@pytest.fixture(params=Variant, ids=lambda variant: variant.value)
def talk(request: pytest.FixtureRequest) -> Conversation:
    return Conversation(request.param)


def ask(talk: Conversation, type_url: str, *names: str, nonce: str = "", error: str | None = None):
    """Ask for names, or answer a response, whatever the variant."""
    if talk.variant is Variant.STATE_OF_THE_WORLD:
        talk.ask(type_url, *names, nonce=nonce, error=error)
    else:
        talk.change(type_url, () if nonce else names, nonce=nonce, error=error)


def statuses(talk: Conversation, type_url: str) -> dict[str, tuple[str, ResourceState]]:
    found = dict(talk.session.statuses())[type_url]
    return {name: (version, state) for name, version, state in found}


def test_nothing_is_known_before_there_is_a_snapshot(talk: Conversation):
    ask(talk, CLUSTER_LOAD_ASSIGNMENT, "a")
    assert statuses(talk, CLUSTER_LOAD_ASSIGNMENT) == {"a": ("", REQUESTED)}


def test_a_resource_is_unanswered_once_sent_and_accepted_once_acknowledged(talk: Conversation):
    talk.serve(CLUSTER, "a", "b")
    ask(talk, CLUSTER)
    nonce = talk.answer().nonce
    assert statuses(talk, CLUSTER) == {"a": ("1", UNANSWERED), "b": ("1", UNANSWERED)}
    ask(talk, CLUSTER, nonce=nonce)
    assert statuses(talk, CLUSTER) == {"a": ("1", ACCEPTED), "b": ("1", ACCEPTED)}


def test_a_name_that_does_not_exist_is_absent(talk: Conversation):
    talk.serve(CLUSTER_LOAD_ASSIGNMENT, "a")
    ask(talk, CLUSTER_LOAD_ASSIGNMENT, "a", "none")
    nonce = talk.answer().nonce
    ask(talk, CLUSTER_LOAD_ASSIGNMENT, "a", "none", nonce=nonce)
    assert talk.answers() == []
    assert statuses(talk, CLUSTER_LOAD_ASSIGNMENT) == {
        "a": ("1", ACCEPTED),
        "none": ("", ABSENT),
    }


def test_a_change_makes_what_the_client_has_outdated_and_what_is_new_unsent(talk: Conversation):
    talk.serve(CLUSTER, "changes", "goes", "stays")
    ask(talk, CLUSTER)
    ask(talk, CLUSTER, nonce=talk.answer().nonce)
    talk.serve(CLUSTER, "changes@2", "comes", "stays")
    assert statuses(talk, CLUSTER) == {
        "changes": ("1", OUTDATED),
        "comes": ("", UNSENT),
        "goes": ("1", OUTDATED),
        "stays": ("1", ACCEPTED),
    }


def test_what_is_rejected_stays_so_until_the_client_accepts_something_else(talk: Conversation):
    talk.serve(CLUSTER, "a")
    ask(talk, CLUSTER)
    ask(talk, CLUSTER, nonce=talk.answer().nonce, error="no")
    assert statuses(talk, CLUSTER) == {"a": ("1", REJECTED)}
    talk.serve(CLUSTER, "a@2")
    assert statuses(talk, CLUSTER) == {"a": ("1", REJECTED)}
    nonce = talk.answer().nonce
    assert statuses(talk, CLUSTER) == {"a": ("2", UNANSWERED)}
    ask(talk, CLUSTER, nonce=nonce)
    assert statuses(talk, CLUSTER) == {"a": ("2", ACCEPTED)}


def test_what_was_rejected_beside_something_else_stays_so_until_it_has_another_chance():
    talk = Conversation(Variant.DELTA)
    talk.serve(CLUSTER, "bad", "good")
    talk.change(CLUSTER)
    talk.change(CLUSTER, nonce=talk.answer().nonce, error="bad is bad")
    talk.serve(CLUSTER, "bad@2", "good")
    talk.next()
    assert statuses(talk, CLUSTER) == {"bad": ("2", UNANSWERED), "good": ("1", REJECTED)}


def test_names_that_are_given_up_are_no_longer_reported():
    talk = Conversation(Variant.DELTA)
    talk.serve(CLUSTER_LOAD_ASSIGNMENT, "a", "b")
    talk.change(CLUSTER_LOAD_ASSIGNMENT, ["a", "b"])
    talk.answer()
    talk.change(CLUSTER_LOAD_ASSIGNMENT, unsubscribe=["a"])
    assert set(statuses(talk, CLUSTER_LOAD_ASSIGNMENT)) == {"b"}


def test_a_version_of_an_earlier_stream_is_not_told():
    talk = Conversation(Variant.DELTA)
    talk.serve(CLUSTER, "same")
    talk.change(CLUSTER, initial={"gone": "1", "same": "1"})
    assert talk.answers() == []  # What is gone is not removed before the routes are named.
    assert statuses(talk, CLUSTER) == {"gone": ("", OUTDATED), "same": ("1", ACCEPTED)}


def test_asking_for_statuses_makes_no_difference(talk: Conversation):
    talk.serve(CLUSTER, "a", "b")
    ask(talk, CLUSTER)
    ask(talk, CLUSTER, nonce=talk.answer().nonce)
    talk.serve(CLUSTER, "a@2")
    statuses(talk, CLUSTER)
    answer = talk.answer()
    assert answer.resources == {"a": "2"}
    statuses(talk, CLUSTER)
    assert talk.answers() == []
