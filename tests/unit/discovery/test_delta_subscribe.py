from straightway.discovery import CLUSTER, CLUSTER_LOAD_ASSIGNMENT, ROUTE_CONFIGURATION
from tests.support.conversation import delta


def test_everything_subscribed_is_sent_again():
    talk = delta()
    talk.serve(CLUSTER_LOAD_ASSIGNMENT, "a", "b")
    talk.change(CLUSTER_LOAD_ASSIGNMENT, ["a", "b"])
    assert talk.answer().resources == {"a": "1", "b": "1"}
    talk.change(CLUSTER_LOAD_ASSIGNMENT, ["a"])
    assert talk.answer().resources == {"a": "1"}


def test_only_what_changed_is_sent():
    talk = delta()
    talk.serve(CLUSTER, "a", "b", "c")
    talk.change(CLUSTER)
    talk.answer()
    talk.serve(CLUSTER, "a@2", "b")
    answer = talk.answer()
    assert answer.resources == {"a": "2"}
    assert answer.removed == ("c",)


def test_unsubscribing_what_was_never_subscribed_is_harmless():
    talk = delta()
    talk.serve(CLUSTER, "a")
    talk.change(CLUSTER)
    talk.answer()
    talk.change(CLUSTER, [], ["a", "unheard of"])
    talk.change(CLUSTER_LOAD_ASSIGNMENT, [], ["unheard of", "*"])
    assert talk.answers() == []
    talk.serve(CLUSTER, "a@2")
    assert talk.answer().resources == {"a": "2"}


def test_what_was_unsubscribed_is_not_sent_any_more_and_not_removed():
    talk = delta()
    talk.serve(ROUTE_CONFIGURATION, "a")
    talk.change(ROUTE_CONFIGURATION, ["a"])
    talk.answer()
    talk.change(ROUTE_CONFIGURATION, [], ["a"])
    talk.serve(ROUTE_CONFIGURATION, "a@2")
    talk.serve(ROUTE_CONFIGURATION)
    assert talk.answers() == []


def test_unsubscribing_a_name_under_a_wildcard_yields_the_resource():
    talk = delta()
    talk.serve(CLUSTER, "a", "b")
    talk.change(CLUSTER, ["*", "a"])
    talk.answer()
    talk.change(CLUSTER, [], ["a"])
    answer = talk.answer()
    assert answer.resources == {"a": "1"}
    assert answer.removed == ()


def test_unsubscribing_a_name_under_a_wildcard_yields_its_removal():
    talk = delta()
    talk.serve(CLUSTER, "b")
    talk.change(CLUSTER, ["*", "a"])
    assert talk.answer().removed == ("a",)
    talk.change(CLUSTER, [], ["a"])
    answer = talk.answer()
    assert answer.resources == {}
    assert answer.removed == ("a",)


def test_names_that_do_not_exist_are_reported_as_removed_while_the_subscription_stays():
    talk = delta()
    talk.set({})
    talk.change(ROUTE_CONFIGURATION, ["a"])
    answer = talk.answer()
    assert answer.resources == {}
    assert answer.removed == ("a",)
    talk.serve(ROUTE_CONFIGURATION, "a")
    assert talk.answer().resources == {"a": "1"}
    talk.serve(ROUTE_CONFIGURATION)
    assert talk.answer().removed == ("a",)
    talk.serve(ROUTE_CONFIGURATION, "a")
    assert talk.answer().resources == {"a": "1"}


def test_a_first_wildcard_is_answered_even_if_nothing_exists():
    talk = delta()
    talk.set({})
    talk.change(CLUSTER)
    answer = talk.answer()
    assert answer.resources == {}
    assert answer.removed == ()
    assert talk.answers() == []


def test_a_rejected_removal_is_reported_again_once_its_response_has_changed():
    talk = delta()
    talk.serve(CLUSTER, "a", "b")
    talk.change(CLUSTER)
    talk.answer()
    talk.serve(CLUSTER, "a@2")
    nonce = talk.answer().nonce
    talk.change(CLUSTER, nonce=nonce, error="a is bad")
    assert talk.answers() == []
    talk.serve(CLUSTER, "a@3")
    fixed, rest = talk.answers()
    assert (fixed.resources, fixed.removed) == ({"a": "3"}, ())
    assert (rest.resources, rest.removed) == ({}, ("b",))


def test_what_was_on_its_way_when_it_was_given_up_is_removed_under_a_later_wildcard():
    talk = delta()
    talk.serve(CLUSTER_LOAD_ASSIGNMENT, "a")
    talk.change(CLUSTER_LOAD_ASSIGNMENT, ["a"])
    talk.answer()
    talk.serve(CLUSTER_LOAD_ASSIGNMENT)
    talk.change(CLUSTER_LOAD_ASSIGNMENT, [], ["a"])
    talk.change(CLUSTER_LOAD_ASSIGNMENT, ["*"])
    assert talk.answer().removed == ("a",)
