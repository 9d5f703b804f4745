import pytest

from straightway.discovery import CLUSTER, CLUSTER_LOAD_ASSIGNMENT, Variant
from straightway.discovery.verdicts import Verdict
from tests.support.conversation import Conversation, delta, sotw


def test_a_nack_is_known_by_its_error_detail_alone():
    talk = sotw()
    talk.serve(CLUSTER, "a")
    talk.ask(CLUSTER)
    nonce = talk.answer().nonce

    received = talk.ask(CLUSTER, nonce=nonce, error="")

    assert received.verdict is Verdict.NACK
    assert received.plan is not None
    assert list(received.plan.names) == ["a"]


def test_nothing_is_resent_after_a_nack_until_the_content_changes():
    talk = sotw()
    talk.serve(CLUSTER, "a", "b")
    talk.ask(CLUSTER)
    nonce = talk.answer().nonce
    talk.ask(CLUSTER, nonce=nonce, error="a is bad")
    assert talk.answers() == []

    talk.serve(CLUSTER, "a@2", "b")
    assert talk.answer().resources == {"a": "2", "b": "1"}


def test_nothing_is_resent_after_a_nack_until_the_content_changes_in_delta():
    talk = delta()
    talk.serve(CLUSTER, "a")
    talk.change(CLUSTER)
    nonce = talk.answer().nonce
    talk.change(CLUSTER, nonce=nonce, error="a is bad")
    assert talk.answers() == []

    talk.serve(CLUSTER, "a@2")
    assert talk.answer().resources == {"a": "2"}


def test_a_nacks_own_subscription_changes_count():
    talk = sotw()
    talk.serve(CLUSTER_LOAD_ASSIGNMENT, "a", "b")
    talk.ask(CLUSTER_LOAD_ASSIGNMENT, "a")
    nonce = talk.answer().nonce
    talk.ask(CLUSTER_LOAD_ASSIGNMENT, "a", "b", nonce=nonce, error="a is bad")
    assert talk.answer().resources == {"b": "1"}


def test_a_nacks_own_subscription_changes_count_in_delta():
    talk = delta()
    talk.serve(CLUSTER_LOAD_ASSIGNMENT, "a", "b")
    talk.change(CLUSTER_LOAD_ASSIGNMENT, ["a"])
    nonce = talk.answer().nonce
    talk.change(CLUSTER_LOAD_ASSIGNMENT, ["b"], nonce=nonce, error="a is bad")
    assert talk.answer().resources == {"b": "1"}


def test_a_client_that_rejects_everything_gets_one_response_a_change():
    talk = sotw()
    talk.ask(CLUSTER)
    sent = 0
    for version in range(10):
        talk.serve(CLUSTER, f"a@{version}")
        for _ in range(5):
            for answer in talk.answers():
                sent += 1
                talk.ask(CLUSTER, nonce=answer.nonce, error="no")
    assert sent == 10


def test_what_was_rejected_along_with_something_bad_is_sent_apart_once_that_has_changed():
    talk = delta()
    talk.serve(CLUSTER_LOAD_ASSIGNMENT, "bad", "good", "other")
    talk.change(CLUSTER_LOAD_ASSIGNMENT, ["bad", "good", "other"])
    first = talk.answer()
    talk.change(CLUSTER_LOAD_ASSIGNMENT, nonce=first.nonce, error="bad is bad")
    talk.serve(CLUSTER_LOAD_ASSIGNMENT, "bad", "good", "other", "late")
    talk.change(CLUSTER_LOAD_ASSIGNMENT, ["late"])
    assert talk.answer().resources == {"late": "1"}, "what has not changed is not sent again"

    talk.serve(CLUSTER_LOAD_ASSIGNMENT, "bad@2", "good", "other", "late")
    fixed, rest = talk.answers()
    assert fixed.resources == {"bad": "2"}
    assert rest.resources == {"good": "1", "other": "1"}
    assert talk.answers() == []


def test_what_was_rejected_along_with_something_bad_is_sent_once_that_has_changed_in_sotw():
    talk = sotw()
    talk.serve(CLUSTER_LOAD_ASSIGNMENT, "bad", "good", "dropped")
    talk.ask(CLUSTER_LOAD_ASSIGNMENT, "bad", "good", "dropped")
    nonce = talk.answer().nonce
    talk.ask(CLUSTER_LOAD_ASSIGNMENT, "bad", "good", nonce=nonce, error="bad is bad")
    talk.serve(CLUSTER_LOAD_ASSIGNMENT, "bad@2", "good", "dropped")

    assert [answer.resources for answer in talk.answers()] == [{"bad": "2"}, {"good": "1"}]


@pytest.mark.parametrize("variant", Variant)
def test_a_late_rejection_does_not_count_against_what_was_sent_since(variant: Variant):
    talk = Conversation(variant)
    ask = talk.change if talk.variant is Variant.DELTA else talk.ask
    talk.serve(CLUSTER_LOAD_ASSIGNMENT, "a", "b")
    if talk.variant is Variant.DELTA:
        talk.change(CLUSTER_LOAD_ASSIGNMENT, ["a", "b"])
    else:
        talk.ask(CLUSTER_LOAD_ASSIGNMENT, "a", "b")
    names = () if talk.variant is Variant.DELTA else ("a", "b")
    first = talk.answer().nonce
    talk.serve(CLUSTER_LOAD_ASSIGNMENT, "a@2", "b")
    second = talk.answer().nonce

    assert ask(CLUSTER_LOAD_ASSIGNMENT, *names, nonce=first, error="bad").verdict is Verdict.NACK
    again = talk.answer()  # What was rejected along with it gets another chance.
    assert again.resources == {"b": "1"}
    ask(CLUSTER_LOAD_ASSIGNMENT, *names, nonce=second)
    ask(CLUSTER_LOAD_ASSIGNMENT, *names, nonce=again.nonce)
    ((_, statuses),) = talk.session.statuses()
    assert {each.name: each.state.name for each in statuses} == {"a": "ACCEPTED", "b": "ACCEPTED"}
