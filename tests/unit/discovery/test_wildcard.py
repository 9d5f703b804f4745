import pytest

from straightway.discovery import (
    CLUSTER,
    CLUSTER_LOAD_ASSIGNMENT,
    LISTENER,
    ROUTE_CONFIGURATION,
    SECRET,
)
from tests.support.conversation import delta, sotw

WITHOUT_LEGACY_WILDCARD = [CLUSTER_LOAD_ASSIGNMENT, ROUTE_CONFIGURATION, SECRET]


@pytest.mark.parametrize("type_url", [CLUSTER, LISTENER])
def test_no_names_from_the_start_mean_everything_of_clusters_and_listeners(type_url: str):
    for talk in (sotw(), delta()):
        talk.serve(type_url, "a", "b")
        talk.ask(type_url) if talk.variant.value == "sotw" else talk.change(type_url)
        assert talk.answer().resources == {"a": "1", "b": "1"}
        talk.serve(type_url, "a", "b", "c")
        assert "c" in talk.answer().resources


@pytest.mark.parametrize("type_url", WITHOUT_LEGACY_WILDCARD)
def test_no_names_mean_nothing_of_other_types(type_url: str):
    for talk in (sotw(), delta()):
        talk.serve(type_url, "a")
        talk.ask(type_url) if talk.variant.value == "sotw" else talk.change(type_url)
        assert talk.answers() == []


@pytest.mark.parametrize("type_url", [CLUSTER, *WITHOUT_LEGACY_WILDCARD])
def test_the_star_means_everything_of_any_type(type_url: str):
    for talk in (sotw(), delta()):
        talk.serve(type_url, "a")
        talk.ask(type_url, "*") if talk.variant.value == "sotw" else talk.change(type_url, ["*"])
        assert talk.answer().resources == {"a": "1"}
        talk.serve(type_url, "a", "b")
        assert talk.answer().resources["b"] == "1"


def test_no_names_after_names_mean_nothing():
    talk = sotw()
    talk.serve(CLUSTER, "a", "b")
    talk.ask(CLUSTER, "a")
    nonce = talk.answer().nonce
    talk.ask(CLUSTER, nonce=nonce)
    talk.serve(CLUSTER, "a@2", "b@2")
    assert talk.answers() == []


def test_no_names_after_a_star_mean_nothing():
    talk = sotw()
    talk.serve(CLUSTER, "a")
    talk.ask(CLUSTER, "*")
    nonce = talk.answer().nonce
    talk.ask(CLUSTER, nonce=nonce)
    talk.serve(CLUSTER, "a@2")
    assert talk.answers() == []


def test_no_names_again_and_again_go_on_to_mean_everything():
    talk = sotw()
    talk.serve(CLUSTER, "a")
    talk.ask(CLUSTER)
    nonce = talk.answer().nonce
    talk.ask(CLUSTER, nonce=nonce)
    talk.serve(CLUSTER, "a@2")
    assert talk.answer().resources == {"a": "2"}


def test_names_after_the_legacy_wildcard_end_it():
    talk = sotw()
    talk.serve(CLUSTER, "a", "b")
    talk.ask(CLUSTER)
    nonce = talk.answer().nonce
    talk.ask(CLUSTER, "b", nonce=nonce)
    assert talk.answer().resources == {"b": "1"}
    talk.serve(CLUSTER, "a@2", "b")
    assert talk.answers() == []


def test_the_star_may_stand_beside_names():
    talk = sotw()
    talk.serve(CLUSTER_LOAD_ASSIGNMENT, "a", "b")
    talk.ask(CLUSTER_LOAD_ASSIGNMENT, "*", "a")
    nonce = talk.answer().nonce
    talk.ask(CLUSTER_LOAD_ASSIGNMENT, "a", nonce=nonce)
    assert talk.answers() == []
    talk.serve(CLUSTER_LOAD_ASSIGNMENT, "a@2", "b@2")
    assert talk.answer().resources == {"a": "2"}


def test_delta_names_beside_the_star_outlive_it():
    talk = delta()
    talk.serve(CLUSTER, "a", "b")
    talk.change(CLUSTER, ["*", "a"])
    assert talk.answer().resources == {"a": "1", "b": "1"}
    talk.change(CLUSTER, [], ["*"])
    talk.serve(CLUSTER, "a@2", "b@2")
    assert talk.answer().resources == {"a": "2"}


def test_the_delta_legacy_wildcard_outlives_named_subscriptions():
    talk = delta()
    talk.serve(CLUSTER, "a", "b")
    talk.change(CLUSTER)
    talk.answer()
    talk.change(CLUSTER, ["a"])
    assert talk.answer().resources == {"a": "1"}
    talk.serve(CLUSTER, "a", "b@2")
    assert talk.answer().resources == {"b": "2"}
    talk.change(CLUSTER, [], ["*"])
    talk.serve(CLUSTER, "a@2", "b@3")
    assert talk.answer().resources == {"a": "2"}


def test_an_empty_delta_request_later_changes_nothing():
    talk = delta()
    talk.serve(CLUSTER, "a", "b")
    talk.change(CLUSTER, ["a"])
    talk.answer()
    talk.change(CLUSTER)
    talk.serve(CLUSTER, "a", "b@2")
    assert talk.answers() == []


def test_a_wildcard_dropped_before_it_was_answered_sends_nothing():
    talk = delta()
    talk.serve(CLUSTER, "a", "b")
    talk.change(CLUSTER, ["a"])
    talk.answer()
    talk.change(CLUSTER, ["*"])
    talk.change(CLUSTER, [], ["*"])
    assert talk.answers() == []


def test_a_wildcard_asked_for_again_is_sent_whole():
    talk = delta()
    talk.serve(CLUSTER, "a", "b")
    talk.change(CLUSTER, ["*"])
    talk.answer()
    talk.change(CLUSTER, ["*"])
    assert talk.answer().resources == {"a": "1", "b": "1"}


@pytest.mark.parametrize("type_url", [CLUSTER, CLUSTER_LOAD_ASSIGNMENT])
def test_what_was_given_up_is_sent_under_a_later_wildcard(type_url: str):
    for talk in (sotw(), delta()):
        is_sotw = talk.variant.value == "sotw"
        talk.serve(type_url, "a", "b")
        talk.ask(type_url, "a", "b") if is_sotw else talk.change(type_url, ["a", "b"])
        nonce = talk.answer().nonce
        talk.ask(type_url, "b", nonce=nonce) if is_sotw else talk.change(type_url, [], ["a"])
        talk.ask(type_url, "b", "*", nonce=nonce) if is_sotw else talk.change(type_url, ["*"])
        assert "a" in talk.answer().resources


def test_what_was_deleted_before_a_wildcard_is_none_of_its_business():
    for talk in (sotw(), delta()):
        is_sotw = talk.variant.value == "sotw"
        talk.serve(CLUSTER, "a", "gone")
        talk.ask(CLUSTER, "x") if is_sotw else talk.change(CLUSTER, ["x"])
        talk.answer()
        talk.serve(CLUSTER, "a")
        talk.serve(LISTENER, "l")
        talk.ask(CLUSTER, "x", "*") if is_sotw else talk.change(CLUSTER, ["*"])
        talk.ask(LISTENER) if is_sotw else talk.change(LISTENER)
        clusters, listeners = talk.answers()
        assert clusters.resources == {"a": "1"}
        assert clusters.removed == ()
        assert listeners.resources == {"l": "1"}
