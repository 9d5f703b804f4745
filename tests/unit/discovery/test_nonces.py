from straightway.discovery import CLUSTER, CLUSTER_LOAD_ASSIGNMENT, LISTENER
from straightway.discovery.verdicts import Verdict
from tests.support.conversation import Conversation, delta, sotw


def test_every_response_has_a_nonce_unique_in_the_stream():
    talk = sotw()
    talk.serve(CLUSTER, "a")
    talk.serve(LISTENER, "l")
    talk.ask(CLUSTER)
    talk.ask(LISTENER)
    nonces = [answer.nonce for answer in talk.answers()]
    talk.serve(CLUSTER, "a@2")
    nonces += [answer.nonce for answer in talk.answers()]

    assert len(nonces) == len(set(nonces)) == 3
    assert all(nonces)


def test_a_state_of_the_world_request_with_a_stale_nonce_is_not_answered():
    talk = sotw()
    talk.serve(CLUSTER_LOAD_ASSIGNMENT, "a", "b")
    talk.ask(CLUSTER_LOAD_ASSIGNMENT, "a")
    stale = talk.answer().nonce
    talk.serve(CLUSTER_LOAD_ASSIGNMENT, "a@2", "b")
    newest = talk.answer().nonce

    received = talk.ask(CLUSTER_LOAD_ASSIGNMENT, "a", "b", nonce=stale)
    assert received.verdict is Verdict.STALE
    assert talk.answers() == []

    talk.ask(CLUSTER_LOAD_ASSIGNMENT, "a", "b", nonce=newest)
    assert talk.answer().resources == {"b": "1"}


def test_a_nonce_of_an_earlier_stream_does_not_make_the_first_request_stale():
    talk = sotw()
    talk.serve(CLUSTER, "a")
    talk.ask(CLUSTER, nonce="17")
    assert talk.answer().resources == {"a": "1"}


def test_a_request_without_nonce_is_never_stale():
    talk = sotw()
    talk.serve(CLUSTER_LOAD_ASSIGNMENT, "a", "b")
    talk.ask(CLUSTER_LOAD_ASSIGNMENT, "a")
    talk.answer()
    talk.ask(CLUSTER_LOAD_ASSIGNMENT, "a", "b")
    assert talk.answer().resources == {"b": "1"}


def test_delta_subscription_changes_count_even_with_a_stale_nonce():
    talk = delta()
    talk.serve(CLUSTER_LOAD_ASSIGNMENT, "a", "b")
    talk.change(CLUSTER_LOAD_ASSIGNMENT, ["a"])
    stale = talk.answer().nonce
    talk.serve(CLUSTER_LOAD_ASSIGNMENT, "a@2", "b")
    talk.answer()

    received = talk.change(CLUSTER_LOAD_ASSIGNMENT, ["b"], ["a"], nonce=stale)
    assert received.verdict is Verdict.STALE
    assert talk.answer().resources == {"b": "1"}
    talk.serve(CLUSTER_LOAD_ASSIGNMENT, "a@3", "b")
    assert talk.answers() == []


def nack_of_an_earlier_response(talk: Conversation) -> None:
    talk.serve(CLUSTER, "a")
    earlier = talk.answer().nonce
    talk.serve(CLUSTER, "a@2")
    newest = talk.answer().nonce
    request = talk.ask if talk is not None and talk.variant.value == "sotw" else talk.change

    rejected = request(CLUSTER, nonce=earlier, error="no")
    assert rejected.verdict is Verdict.NACK
    assert rejected.plan is not None
    assert list(rejected.plan.names) == ["a"]
    assert request(CLUSTER, nonce=newest).verdict is Verdict.ACK
    assert talk.answers() == []


def test_a_rejection_that_comes_after_the_next_response_is_still_known_in_sotw():
    talk = sotw()
    talk.ask(CLUSTER)
    nack_of_an_earlier_response(talk)


def test_a_rejection_that_comes_after_the_next_response_is_still_known_in_delta():
    talk = delta()
    talk.change(CLUSTER)
    nack_of_an_earlier_response(talk)


def test_a_client_that_never_answers_is_remembered_for_a_few_responses_only():
    talk = sotw()
    talk.ask(CLUSTER)
    for version in range(100):
        talk.serve(CLUSTER, f"a@{version}")
        talk.answer()

    first, *_ = (f"{number:x}" for number in range(1, 101))
    assert talk.ask(CLUSTER, nonce=first, error="no").verdict is Verdict.STALE
