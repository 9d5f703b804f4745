import pytest

from straightway.discovery import CLUSTER, CLUSTER_LOAD_ASSIGNMENT, LISTENER, ROUTE_CONFIGURATION
from tests.support.conversation import sotw


@pytest.mark.parametrize("type_url", [CLUSTER, LISTENER])
def test_a_change_of_one_cluster_or_listener_sends_the_whole_set(type_url: str):
    talk = sotw()
    talk.serve(type_url, "a", "b")
    talk.ask(type_url)
    talk.answer()
    talk.serve(type_url, "a@2", "b")
    assert talk.answer().resources == {"a": "2", "b": "1"}


@pytest.mark.parametrize("type_url", [CLUSTER, LISTENER])
def test_absence_deletes(type_url: str):
    talk = sotw()
    talk.serve(type_url, "a", "b")
    talk.ask(type_url)
    talk.answer()
    talk.serve(type_url, "b")
    assert talk.answer().resources == {"b": "1"}


@pytest.mark.parametrize("type_url", [CLUSTER, LISTENER])
def test_an_empty_response_deletes_all(type_url: str):
    talk = sotw()
    talk.serve(type_url, "a", "b")
    talk.ask(type_url)
    talk.answer()
    talk.serve(type_url)
    assert talk.answer().resources == {}


@pytest.mark.parametrize("type_url", [CLUSTER, LISTENER])
def test_a_client_learns_at_once_that_nothing_exists(type_url: str):
    talk = sotw()
    talk.set({})
    talk.ask(type_url)
    answer = talk.answer()
    assert answer.resources == {}
    assert answer.version
    assert talk.answers() == []


@pytest.mark.parametrize("type_url", [CLUSTER_LOAD_ASSIGNMENT, ROUTE_CONFIGURATION])
def test_other_types_are_sent_in_part(type_url: str):
    talk = sotw()
    talk.serve(type_url, "a", "b")
    talk.ask(type_url, "a", "b")
    assert talk.answer().resources == {"a": "1", "b": "1"}
    talk.serve(type_url, "a@2", "b")
    assert talk.answer().resources == {"a": "2"}
    talk.serve(type_url, "a@2")
    assert talk.answers() == []


def test_before_the_first_snapshot_nothing_is_sent():
    talk = sotw()
    talk.ask(CLUSTER)
    assert talk.answers() == []
    talk.serve(CLUSTER, "a")
    assert talk.answer().resources == {"a": "1"}


def test_after_a_drop_nothing_is_sent_until_the_next_snapshot_and_then_the_difference():
    talk = sotw()
    talk.serve(CLUSTER, "a", "b")
    talk.ask(CLUSTER)
    talk.answer()
    talk.cache.drop("audience")
    assert talk.answers() == []
    talk.serve(CLUSTER, "a", "b")
    assert [answer.resources for answer in talk.answers()][-1:] in ([], [{"a": "1", "b": "1"}])
    talk.serve(CLUSTER, "b")
    assert talk.answer().resources == {"b": "1"}


@pytest.mark.parametrize("type_url", [CLUSTER, LISTENER])
def test_a_name_that_does_not_exist_is_reported_by_its_absence(type_url: str):
    talk = sotw()
    talk.serve(type_url, "a")
    talk.ask(type_url, "a")
    nonce = talk.answer().nonce
    talk.ask(type_url, "a", "b", nonce=nonce)
    assert talk.answer().resources == {"a": "1"}
