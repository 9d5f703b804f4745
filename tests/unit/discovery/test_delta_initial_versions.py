from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest
from hypothesis import given
from hypothesis import strategies as st

from straightway.discovery import CLUSTER, CLUSTER_LOAD_ASSIGNMENT, Variant
from straightway.discovery.initial_versions import InitialVersions
from straightway.discovery.requests import decode
from straightway.discovery.resources import encode_held
from straightway.discovery.table import Table
from tests.support.conversation import KEY, delta, resource


def test_a_client_that_reconnects_unchanged_is_sent_nothing():
    talk = delta()
    talk.serve(CLUSTER, "a", "b")
    talk.serve(CLUSTER_LOAD_ASSIGNMENT, "x", "y")
    talk.change(CLUSTER, initial={"a": "1", "b": "1"})
    talk.change(CLUSTER_LOAD_ASSIGNMENT, ["x", "y"], initial={"x": "1", "y": "1"})
    assert talk.answers() == []

    talk.serve(CLUSTER, "a@2", "b")
    talk.serve(CLUSTER_LOAD_ASSIGNMENT, "x", "y@2")
    assert [answer.resources for answer in talk.answers()] == [{"a": "2"}, {"y": "2"}]


def test_only_what_is_new_or_changed_is_sent_and_what_vanished_is_removed():
    talk = delta(hold=0.0)
    talk.serve(CLUSTER, "same", "changed@2", "new")
    talk.change(CLUSTER, ["*"], initial={"same": "1", "changed": "1", "vanished": "1"})
    answer = talk.answer()
    assert answer.resources == {"changed": "2", "new": "1"}
    assert answer.removed == ("vanished",)


def test_named_resources_that_vanished_are_removed_once():
    talk = delta(hold=0.0)
    talk.serve(CLUSTER_LOAD_ASSIGNMENT, "a")
    talk.change(CLUSTER_LOAD_ASSIGNMENT, ["a", "b", "c"], initial={"a": "1", "b": "1"})
    answer = talk.answer()
    assert answer.resources == {}
    assert set(answer.removed) == {"b", "c"}
    assert talk.answers() == []


def test_what_is_unsubscribed_before_the_answer_is_not_held_any_more():
    talk = delta()
    talk.serve(CLUSTER_LOAD_ASSIGNMENT, "a", "b")
    talk.change(CLUSTER_LOAD_ASSIGNMENT, ["a", "b"], initial={"a": "1", "b": "1"})
    talk.change(CLUSTER_LOAD_ASSIGNMENT, [], ["a"])
    talk.change(CLUSTER_LOAD_ASSIGNMENT, ["*"])
    assert talk.answer().resources == {"a": "1"}


def test_names_that_do_not_exist_are_reported_as_removed_beside_what_is_held():
    talk = delta()
    talk.serve(CLUSTER, "a", "b")
    talk.change(CLUSTER, ["*", "c"], initial={"a": "1", "b": "1"})
    answer = talk.answer()
    assert answer.resources == {}
    assert answer.removed == ("c",)


def test_versions_of_names_that_are_not_subscribed_mean_nothing():
    talk = delta()
    talk.serve(CLUSTER_LOAD_ASSIGNMENT, "a", "b")
    talk.change(CLUSTER_LOAD_ASSIGNMENT, ["a"], initial={"a": "1", "b": "0", "c": "0"})
    assert talk.answers() == []
    talk.change(CLUSTER_LOAD_ASSIGNMENT, ["b"])
    assert talk.answer().resources == {"b": "1"}


def test_they_count_on_the_first_message_of_a_type_only():
    talk = delta()
    talk.serve(CLUSTER_LOAD_ASSIGNMENT, "a", "b")
    talk.change(CLUSTER_LOAD_ASSIGNMENT, ["a"])
    talk.answer()
    talk.change(CLUSTER_LOAD_ASSIGNMENT, ["b"], initial={"b": "1"})
    assert talk.answer().resources == {"b": "1"}


def test_they_are_kept_until_there_is_a_snapshot():
    talk = delta()
    talk.change(CLUSTER, initial={"a": "1", "b": "1"})
    assert talk.answers() == []
    talk.serve(CLUSTER, "a", "b@2")
    answer = talk.answers()[-1]
    assert answer.resources == {"b": "2"}


def test_what_is_removed_and_put_back_before_the_client_is_informed_is_not_sent_again():
    talk = delta()
    talk.serve(CLUSTER_LOAD_ASSIGNMENT, "b")
    talk.change(CLUSTER_LOAD_ASSIGNMENT, ["a", "b"], initial={"a": "1", "b": "1"})
    assert talk.answers() == []  # The removal waits for the client to name its routes.
    talk.serve(CLUSTER_LOAD_ASSIGNMENT, "a", "b@2")
    assert talk.answer().resources == {"b": "2"}


def test_a_name_subscribed_again_before_the_answer_is_sent():
    talk = delta()
    talk.serve(CLUSTER_LOAD_ASSIGNMENT, "a")
    talk.change(CLUSTER_LOAD_ASSIGNMENT, ["a"], initial={"a": "1"})
    talk.change(CLUSTER_LOAD_ASSIGNMENT, ["a"])
    assert talk.answer().resources == {"a": "1"}


@given(
    served=st.dictionaries(st.sampled_from("abcdef"), st.sampled_from("12")),
    held=st.dictionaries(st.sampled_from("abcdefgh"), st.sampled_from("12"), min_size=1),
    names=st.sets(st.sampled_from("abcdefgh")),
    wildcard=st.booleans(),
)
def test_what_is_compared_in_sets_is_what_a_comparison_name_by_name_finds(
    served: dict[str, str], held: dict[str, str], names: set[str], wildcard: bool
):
    table = Table([resource(CLUSTER, name, version) for name, version in served.items()])
    initial = InitialVersions(encode_held(*each) for each in held.items())

    missing, outdated = initial.compare(table, names, wildcard=wildcard)

    wanted = names | (served.keys() if wildcard else set())
    assert missing == wanted - held.keys()
    assert {name: each.version for name, each in outdated.items()} == {
        name: version for name, version in held.items() if served.get(name) != version
    }


def test_what_a_client_says_to_hold_is_compared_at_once_if_there_is_content():
    talk = delta(hold=0.0)
    talk.serve(CLUSTER, "a", "b@2")
    request = DeltaDiscoveryRequest(
        type_url=CLUSTER, initial_resource_versions={"a": "1", "b": "1", "c": "1"}
    )
    decoded = decode(Variant.DELTA, request.SerializeToString())
    talk.session.request(decoded, talk.cache.tables(KEY))
    talk.serve(CLUSTER, "a@2", "b@2")

    answer = talk.answer()
    assert (answer.resources, answer.removed) == ({"a": "2", "b": "2"}, ("c",))
