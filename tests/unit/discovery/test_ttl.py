from dataclasses import replace

import pytest

from straightway.discovery import (
    CLUSTER,
    CLUSTER_LOAD_ASSIGNMENT,
    RUNTIME,
    VIRTUAL_HOST,
    Resource,
    Variant,
)
from straightway.discovery.response import Plan, encode
from straightway.discovery.table import Table
from tests.support.conversation import KEY, Answer, Conversation, decode, delta, resource, sotw

TTL = "xds.config.supports-resource-ttl"
WRAPPED = "xds.config.resource-in-sotw"


def put(talk: Conversation, *resources: Resource, type_url: str = RUNTIME) -> None:
    talk.cache.update(KEY, {type_url: (resources, [])})


def serve(talk: Conversation, ttl: float | None = 30.0, *, type_url: str = RUNTIME) -> None:
    talk.set({type_url: [resource(type_url, "a", ttl=ttl), resource(type_url, "b")]})


def ask(talk: Conversation, *names: str, type_url: str = RUNTIME) -> None:
    if talk.variant is Variant.DELTA:
        talk.change(type_url, names)
    else:
        talk.ask(type_url, *names)


def held(talk: Conversation) -> Answer:
    """Have the client ask for `a` and `b`."""
    ask(talk, "a", "b")
    return talk.answer()


def test_a_delta_client_with_the_feature_gets_the_ttl():
    talk = delta(features=[TTL])
    serve(talk, 0.25)
    answer = held(talk)
    assert answer.resources == {"a": "1", "b": "1"}
    assert answer.ttls == {"a": 0.25}


def test_a_sotw_client_with_both_features_gets_the_ttl_in_a_wrapper():
    talk = sotw(features=[TTL, WRAPPED])
    serve(talk, 30.0)
    answer = held(talk)
    assert answer.resources == {"a": "1", "b": "1"}
    assert answer.ttls == {"a": 30.0}
    assert answer.wrapped == ("a",)


@pytest.mark.parametrize("features", [[], [TTL], [WRAPPED]])
def test_any_other_client_sees_no_difference(features: list[str]):
    for talk, with_ttl in [(delta, WRAPPED), (sotw, "")]:
        if TTL in features and with_ttl:
            continue
        conversation, plain = talk(features=features), talk()
        serve(conversation, 30.0)
        serve(plain, None)
        assert replace(held(conversation), nonce="") == replace(held(plain), nonce="")

        for now in (15.0, 30.0, 1000.0):
            conversation.now = now
            assert conversation.next() is None
        put(conversation, resource(RUNTIME, "a", ttl=60.0))
        assert conversation.next() is None
        assert conversation.session.deadline is None


def test_a_heartbeat_comes_after_half_of_the_ttl_and_again():
    talk = delta(features=[TTL])
    serve(talk, 30.0)
    held(talk)
    for at in (15.0, 30.0, 45.0):
        assert talk.session.deadline == at
        talk.now = at - 0.001
        assert talk.next() is None
        talk.now = at
        beat = talk.answer()
        assert beat.resources == {}
        assert beat.heartbeats == {"a": "1"}
        assert beat.ttls == {"a": 30.0}


def test_state_of_the_world_is_sent_again_whole_as_envoy_passes_over_its_heartbeats():
    talk = sotw(features=[TTL, WRAPPED])
    serve(talk, 30.0)
    held(talk)
    talk.now = 15.0
    beat = talk.answer()
    assert beat.resources == {"a": "1"}
    assert beat.ttls == {"a": 30.0}
    assert talk.session.deadline == 30.0


def test_a_complete_set_stays_complete_when_one_is_kept_alive():
    talk = sotw(features=[TTL, WRAPPED])
    serve(talk, 30.0, type_url=CLUSTER)
    ask(talk, type_url=CLUSTER)
    talk.answer()
    talk.now = 15.0
    assert talk.answer().resources == {"a": "1", "b": "1"}


def test_a_change_counts_as_a_sign_of_life():
    talk = delta(features=[TTL])
    serve(talk, 30.0)
    held(talk)
    talk.now = 10.0
    put(talk, resource(RUNTIME, "a", "2", ttl=30.0))
    assert talk.answer().resources == {"a": "2"}
    talk.now = 24.0
    assert talk.next() is None
    talk.now = 25.0
    assert talk.answer().heartbeats == {"a": "2"}


def test_each_resource_has_its_own_time():
    talk = delta(features=[TTL])
    talk.set({RUNTIME: [resource(RUNTIME, "a", ttl=10.0), resource(RUNTIME, "b", ttl=40.0)]})
    held(talk)
    beats = []
    while (talk.session.deadline or 0.0) <= 20.0:
        talk.now = talk.session.deadline or 0.0
        beats.append((talk.now, set(talk.answer().heartbeats)))
    assert beats == [(5.0, {"a"}), (10.0, {"a"}), (15.0, {"a"}), (20.0, {"a", "b"})]


def test_another_ttl_is_reported_by_a_heartbeat():
    talk = delta(features=[TTL])
    serve(talk, 30.0)
    held(talk)
    put(talk, resource(RUNTIME, "a", ttl=60.0))
    beat = talk.answer()
    assert beat.heartbeats == {"a": "1"}
    assert beat.ttls == {"a": 60.0}


def test_a_ttl_that_is_given_later_and_taken_away_is_reported():
    talk = delta(features=[TTL])
    serve(talk, None)
    held(talk)
    assert talk.session.deadline is None
    put(talk, resource(RUNTIME, "a", ttl=30.0))
    assert talk.answer().ttls == {"a": 30.0}
    put(talk, resource(RUNTIME, "a"))
    beat = talk.answer()
    assert beat.heartbeats == {"a": "1"}
    assert beat.ttls == {}
    assert talk.session.deadline is None


def test_a_client_that_reconnects_gets_a_heartbeat_at_once_for_what_it_holds():
    talk = delta(features=[TTL])
    serve(talk, 30.0)
    talk.now = 100.0
    talk.change(RUNTIME, ["a", "b"], initial={"a": "1", "b": "1"})
    beat = talk.answer()
    assert beat.resources == {}
    assert beat.heartbeats == {"a": "1"}


def test_what_the_client_does_not_hold_gets_no_heartbeat():
    talk = delta(features=[TTL])
    serve(talk, 30.0)
    rejected = held(talk)
    talk.change(RUNTIME, nonce=rejected.nonce, error="no")
    talk.now = 15.0
    assert talk.next() is None

    talk = delta(features=[TTL])
    serve(talk, 30.0)
    held(talk)
    talk.change(RUNTIME, unsubscribe=["a"])
    talk.now = 15.0
    assert talk.next() is None

    talk = delta(features=[TTL])
    serve(talk, 30.0)
    held(talk)
    talk.serve(RUNTIME, "b")
    assert talk.answer().removed == ("a",)
    talk.now = 15.0
    assert talk.next() is None


def test_a_ttl_that_is_taken_away_is_not_reported_for_what_the_client_has_given_up():
    talk = delta(features=[TTL])
    serve(talk, 30.0)
    held(talk)
    talk.change(RUNTIME, unsubscribe=["a"])
    put(talk, resource(RUNTIME, "a"))
    talk.now = 15.0
    assert talk.next() is None


def test_a_heartbeat_is_acknowledged_like_any_response():
    talk = delta(features=[TTL])
    serve(talk, 30.0)
    held(talk)
    talk.now = 15.0
    beat = talk.answer()
    received = talk.change(RUNTIME, nonce=beat.nonce)
    assert received.verdict.value == "ack"
    assert talk.next() is None


def test_virtual_hosts_are_sent_whole_as_no_body_says_that_there_is_none():
    talk = delta(features=[TTL])
    serve(talk, 30.0, type_url=VIRTUAL_HOST)
    ask(talk, "a", "b", type_url=VIRTUAL_HOST)
    talk.answer()
    talk.now = 15.0
    assert talk.answer().resources == {"a": "1"}


def test_heartbeats_of_routing_held_back_do_not_wake_the_stream_for_nothing():
    talk = delta(features=[TTL], hold=10.0)
    listener = "type.googleapis.com/envoy.config.listener.v3.Listener"
    talk.set({listener: [resource(listener, "l", ttl=4.0)], CLUSTER: []})
    talk.change(CLUSTER)
    talk.change(listener)
    talk.answers()
    talk.change(CLUSTER_LOAD_ASSIGNMENT)
    talk.cache.update(
        KEY,
        {
            CLUSTER: ([resource(CLUSTER, "a", eds_service_name="a")], []),
            CLUSTER_LOAD_ASSIGNMENT: ([resource(CLUSTER_LOAD_ASSIGNMENT, "a")], []),
            listener: ([resource(listener, "l", "2", ttl=4.0)], []),
        },
    )
    assert [answer.type_url for answer in talk.answers()] == [CLUSTER]
    talk.now = 5.0
    assert talk.next() is None
    assert talk.session.deadline is not None
    assert talk.session.deadline > talk.now


def test_streams_with_ttl_and_without_share_no_bytes():
    table = Table()
    made = resource(RUNTIME, "a", ttl=30.0)
    table.update([made], [])
    plan = Plan(table.version, (made,))
    for variant in Variant:
        for ttl in (True, False, True):
            encoded = encode(variant, RUNTIME, plan, table, ttl=ttl)
            assert decode(variant, encoded.data).ttls == ({"a": 30.0} if ttl else {})


@pytest.mark.parametrize("ttl", [0.0, -1.0])
def test_a_ttl_must_be_positive(ttl: float):
    with pytest.raises(ValueError, match="positive"):
        resource(RUNTIME, "a", ttl=ttl)


def test_when_the_last_ttl_goes_with_a_new_version_nothing_is_due_any_more():
    talk = delta(features=[TTL])
    talk.set({RUNTIME: [resource(RUNTIME, "a", ttl=30.0)]})
    talk.change(RUNTIME, ["a"])
    talk.answer()
    talk.now = 1.0
    talk.cache.update(KEY, {RUNTIME: ([resource(RUNTIME, "a", "2")], [])})
    assert talk.answer().resources == {"a": "2"}
    talk.now = 1000.0
    assert talk.answers() == []
    assert talk.session.deadline is None
