import pytest
from envoy.config.core.v3.base_pb2 import Node
from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest, DiscoveryRequest
from google.rpc.status_pb2 import Status
from hypothesis import given
from hypothesis import strategies as st

from straightway.discovery import CLUSTER, CLUSTER_LOAD_ASSIGNMENT, Variant, wire
from straightway.discovery.requests import InvalidRequestError, decode, decode_held
from straightway.discovery.resources import encode_held
from tests.support.conversation import delta


def test_a_delta_request_is_read_as_it_was_written_but_for_its_map():
    written = DeltaDiscoveryRequest(
        node=Node(id="envoy", client_features=["feature"]),
        type_url=CLUSTER,
        resource_names_subscribe=["a", "b"],
        resource_names_unsubscribe=["c"],
        initial_resource_versions={"a": "1", "b": ""},
        response_nonce="7",
        error_detail=Status(code=3, message="no"),
    )
    read = decode(Variant.DELTA, written.SerializeToString())

    assert dict(decode_held(read.initial_resource_versions)) == {"a": "1", "b": ""}
    assert read.node == written.node
    assert read.type_url == CLUSTER
    assert list(read.resource_names_subscribe) == ["a", "b"]
    assert list(read.resource_names_unsubscribe) == ["c"]
    assert read.response_nonce == "7"
    assert read.error_detail == written.error_detail


@pytest.mark.parametrize("variant", Variant)
def test_bytes_that_are_no_request_are_refused_by_name(variant: Variant):
    with pytest.raises(InvalidRequestError, match="DiscoveryRequest"):
        decode(variant, b"\xff\xff\xff")


@pytest.mark.parametrize("variant", Variant)
def test_names_that_are_no_text_are_refused(variant: Variant):
    with pytest.raises(InvalidRequestError):
        decode(variant, wire.field(3, b"\xff\xff"))


def test_an_invalid_entry_does_not_hide_the_others():
    entries = [b"\xff\xff", encode_held("a", "1")]
    assert dict(decode_held(entries)) == {"a": "1"}


def test_a_state_of_the_world_request_is_read_as_it_was_written():
    written = DiscoveryRequest(type_url=CLUSTER, resource_names=["a"], version_info="1")
    assert decode(Variant.STATE_OF_THE_WORLD, written.SerializeToString()) == written


@given(st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=5))
def test_an_entry_is_encoded_as_protobuf_does_it(held: dict[str, str]):
    data = DeltaDiscoveryRequest(initial_resource_versions=held).SerializeToString()
    entries = list(decode(Variant.DELTA, data).initial_resource_versions)
    ours = [encode_held(name, version) for name, version in held.items()]
    if all(held) and all(held.values()):
        assert sorted(entries) == sorted(ours)
    assert dict(decode_held(ours)) == dict(decode_held(entries)) == held


def test_an_entry_in_another_encoding_is_understood():
    talk = delta()
    talk.serve(CLUSTER_LOAD_ASSIGNMENT, "a", "b")
    value_first = wire.field(2, "1") + wire.field(1, "a")
    request = (
        wire.field(2, CLUSTER_LOAD_ASSIGNMENT)
        + wire.field(3, "a")
        + wire.field(3, "b")
        + wire.field(5, value_first)
        + wire.field(5, b"\xff\xff")
    )
    talk.session.request(decode(Variant.DELTA, request))
    assert talk.answer().resources == {"b": "1"}
