from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest
from google.rpc.status_pb2 import Status

from straightway.discovery import CLUSTER, CLUSTER_LOAD_ASSIGNMENT, LISTENER, ROUTE_CONFIGURATION
from straightway.discovery.verdicts import Verdict
from tests.support.conversation import delta, sotw


def test_an_ack_alone_gets_no_answer_in_sotw():
    talk = sotw()
    talk.serve(CLUSTER, "a")
    talk.ask(CLUSTER)
    answer = talk.answer()

    received = talk.ask(CLUSTER, nonce=answer.nonce)

    assert received.verdict is Verdict.ACK
    assert received.plan is not None
    assert received.plan.version == answer.version
    assert talk.answers() == []


def test_an_ack_alone_gets_no_answer_in_delta():
    talk = delta()
    talk.serve(CLUSTER, "a")
    talk.change(CLUSTER)
    nonce = talk.answer().nonce

    assert talk.change(CLUSTER, nonce=nonce).verdict is Verdict.ACK
    assert talk.answers() == []


def test_the_encoded_ack_of_the_newest_delta_response_is_known_without_decoding():
    talk = delta()
    talk.serve(CLUSTER, "a")
    talk.change(CLUSTER)
    answer = talk.answer()
    ack = DeltaDiscoveryRequest(type_url=CLUSTER, response_nonce=answer.nonce).SerializeToString()

    received = talk.session.accept(ack)

    assert received is not None
    assert received.verdict is Verdict.ACK
    assert received.nonce == answer.nonce
    assert received.plan is not None
    assert received.plan.version == answer.version
    assert talk.answers() == []
    assert talk.session.accept(ack) is None, "it counts once"
    assert talk.change(CLUSTER, nonce=answer.nonce).verdict is Verdict.NONE


def test_an_encoded_request_that_says_more_than_ack_is_left_to_be_decoded():
    talk = delta()
    talk.serve(CLUSTER, "a")
    talk.change(CLUSTER)
    old = talk.answer().nonce
    talk.serve(CLUSTER, "a@2")
    nonce = talk.answer().nonce
    for request in (
        DeltaDiscoveryRequest(type_url=CLUSTER, response_nonce=old),
        DeltaDiscoveryRequest(type_url=LISTENER, response_nonce=nonce),
        DeltaDiscoveryRequest(type_url=CLUSTER),
        DeltaDiscoveryRequest(
            type_url=CLUSTER, response_nonce=nonce, resource_names_subscribe=["b"]
        ),
        DeltaDiscoveryRequest(
            type_url=CLUSTER, response_nonce=nonce, error_detail=Status(message="no")
        ),
    ):
        assert talk.session.accept(request.SerializeToString()) is None
    assert talk.change(CLUSTER, nonce=nonce, error="no").verdict is Verdict.NACK
    ack = DeltaDiscoveryRequest(type_url=CLUSTER, response_nonce=nonce)
    assert talk.session.accept(ack.SerializeToString()) is None, "it has been rejected"


def test_the_same_nonce_again_is_a_request_and_no_second_ack():
    talk = sotw()
    talk.serve(CLUSTER_LOAD_ASSIGNMENT, "a", "b")
    talk.ask(CLUSTER_LOAD_ASSIGNMENT, "a")
    nonce = talk.answer().nonce
    talk.ask(CLUSTER_LOAD_ASSIGNMENT, "a", nonce=nonce)

    received = talk.ask(CLUSTER_LOAD_ASSIGNMENT, "a", "b", nonce=nonce)

    assert received.verdict is Verdict.NONE
    assert talk.answer().resources == {"b": "1"}


def test_no_type_waits_for_the_ack_of_another():
    talk = sotw()
    for type_url in (CLUSTER, CLUSTER_LOAD_ASSIGNMENT, LISTENER, ROUTE_CONFIGURATION):
        talk.serve(type_url, "a")
        talk.ask(type_url, "a")

    types = [answer.type_url for answer in talk.answers()]
    assert types == [CLUSTER, CLUSTER_LOAD_ASSIGNMENT, LISTENER, ROUTE_CONFIGURATION]


def test_the_newest_request_supersedes_earlier_ones():
    talk = sotw()
    talk.serve(CLUSTER_LOAD_ASSIGNMENT, "a", "b", "c")
    talk.ask(CLUSTER_LOAD_ASSIGNMENT, "a")
    talk.ask(CLUSTER_LOAD_ASSIGNMENT, "a", "b")
    talk.ask(CLUSTER_LOAD_ASSIGNMENT, "c")
    assert talk.answer().resources == {"c": "1"}


def test_new_content_is_sent_without_waiting_for_the_ack_of_the_old():
    talk = sotw()
    talk.serve(CLUSTER, "a")
    talk.ask(CLUSTER)
    talk.answer()
    talk.serve(CLUSTER, "a@2")
    assert talk.answer().resources == {"a": "2"}


def test_a_slow_client_is_sent_the_latest_only():
    talk = delta()
    talk.change(CLUSTER)
    for version in range(50):
        talk.serve(CLUSTER, f"a@{version}", f"only-{version}")
    assert talk.answer().resources == {"a": "49", "only-49": "1"}


def test_content_that_went_and_came_back_unseen_is_not_sent():
    for talk in (sotw(), delta()):
        talk.serve(CLUSTER, "a")
        talk.ask(CLUSTER) if talk.variant.value == "sotw" else talk.change(CLUSTER)
        talk.answer()
        talk.serve(CLUSTER, "a@2", "b")
        talk.serve(CLUSTER, "a")
        assert talk.answers() == []
