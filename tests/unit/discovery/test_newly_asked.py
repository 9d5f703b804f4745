from straightway.discovery import CLUSTER, CLUSTER_LOAD_ASSIGNMENT, LISTENER, ROUTE_CONFIGURATION
from tests.support.conversation import delta, sotw


def test_names_newly_asked_for_are_sent_at_an_unchanged_version_and_alone():
    talk = sotw()
    talk.serve(CLUSTER_LOAD_ASSIGNMENT, "a", "b")
    talk.ask(CLUSTER_LOAD_ASSIGNMENT, "a")
    first = talk.answer()
    talk.ask(CLUSTER_LOAD_ASSIGNMENT, "a", "b", nonce=first.nonce)
    second = talk.answer()

    assert second.resources == {"b": "1"}
    assert second.version == first.version


def test_a_name_dropped_and_asked_for_again_is_sent_again():
    talk = sotw()
    talk.serve(ROUTE_CONFIGURATION, "a")
    talk.ask(ROUTE_CONFIGURATION, "a")
    nonce = talk.answer().nonce
    talk.ask(ROUTE_CONFIGURATION, nonce=nonce)
    assert talk.answers() == []
    talk.ask(ROUTE_CONFIGURATION, "a", nonce=nonce)
    assert talk.answer().resources == {"a": "1"}


def test_names_that_do_not_exist_are_remembered_and_sent_when_they_come():
    talk = sotw()
    talk.serve(CLUSTER_LOAD_ASSIGNMENT, "other")
    talk.ask(CLUSTER_LOAD_ASSIGNMENT, "a")
    assert talk.answers() == []
    talk.serve(CLUSTER_LOAD_ASSIGNMENT, "a", "other@2")
    assert talk.answer().resources == {"a": "1"}


def test_names_that_do_not_exist_are_sent_when_they_come_in_delta():
    talk = delta()
    talk.serve(CLUSTER_LOAD_ASSIGNMENT, "other")
    talk.change(CLUSTER_LOAD_ASSIGNMENT, ["a"])
    assert talk.answer().removed == ("a",)
    assert talk.answers() == []
    talk.serve(CLUSTER_LOAD_ASSIGNMENT, "a", "other@2")
    assert talk.answer().resources == {"a": "1"}


def test_a_named_listener_or_cluster_newly_asked_for_comes_with_the_whole_set():
    for type_url in (CLUSTER, LISTENER):
        talk = sotw()
        talk.serve(type_url, "a", "b", "c")
        talk.ask(type_url, "a")
        nonce = talk.answer().nonce
        talk.ask(type_url, "a", "b", nonce=nonce)
        assert talk.answer().resources == {"a": "1", "b": "1"}


def test_a_name_dropped_before_it_was_sent_is_not_sent():
    talk = sotw()
    talk.serve(CLUSTER_LOAD_ASSIGNMENT, "a", "b")
    talk.ask(CLUSTER_LOAD_ASSIGNMENT, "a", "b")
    talk.ask(CLUSTER_LOAD_ASSIGNMENT, "b")
    assert talk.answer().resources == {"b": "1"}


def test_what_was_deleted_and_comes_back_as_it_was_is_sent():
    talk = sotw()
    talk.serve(CLUSTER_LOAD_ASSIGNMENT, "a")
    talk.ask(CLUSTER_LOAD_ASSIGNMENT, "a")
    talk.answer()
    talk.serve(CLUSTER_LOAD_ASSIGNMENT)
    assert talk.answers() == []
    talk.serve(CLUSTER_LOAD_ASSIGNMENT, "a")
    assert talk.answer().resources == {"a": "1"}


def test_an_unknown_type_is_remembered_and_answered_with_nothing():
    talk = sotw()
    talk.serve(CLUSTER, "a")
    talk.ask("type.googleapis.com/example.Unknown", "a")
    assert talk.answers() == []
    talk.serve("type.googleapis.com/example.Unknown", "a")
    assert talk.answer().resources == {"a": "1"}
