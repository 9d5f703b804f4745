"""What an API server says as protobuf in watches, lists and errors."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from straightway.kubernetes.errors import ApiError, UnreachableError, UnreadableError
from straightway.kubernetes.protobuf_format import (
    ProtobufObject,
    read_event,
    read_page,
    read_refusal,
)
from straightway.kubernetes.resources import BY_KIND, NAMESPACES, RESOURCES, SECRETS
from tests.support import kubernetes_protobuf as written

NAMESPACE = {
    "apiVersion": "v1",
    "kind": "Namespace",
    "metadata": {"name": "shop", "resourceVersion": "7"},
}
CORE = [each for each in (*RESOURCES, SECRETS, NAMESPACES) if each.is_core]
END = {"k8s.io/initial-events-end": "true"}


def marked(**metadata: object) -> ProtobufObject:
    return read_event(written.event("BOOKMARK", {**NAMESPACE, "metadata": metadata}))[1]


def test_an_event_has_a_type_and_an_object():
    kind, item = read_event(written.event("ADDED", NAMESPACE))
    assert kind == "ADDED"
    assert item.size == len(written.encoded(NAMESPACE))
    assert item.body(NAMESPACES) == {"metadata": {"name": "shop", "resourceVersion": "7"}}


def test_an_event_is_read_as_the_server_has_written_it():
    # kube-apiserver 1.37, GET /api/v1/namespaces?watch=1
    kind, item = read_event(
        b"\n\x05ADDED\x12\xb4\x02\n\xb1\x02k8s\x00\n\x0f\n\x02v1\x12\tNamespace\x12\x95\x02\n\xfa\x01"
        b'\n\x04shop\x12\x00\x1a\x00"\x00*$1687eb99-c749-41f9-aca8-d86d7d83cd622\x0446138\x00'
        b"B\x08\x08\xe2\xb4\xa5\xd8\x06\x10\x00Z\x06\n\x01a\x12\x01bZ#\n\x1bkubernetes.io/"
        b"metadata.name\x12\x04shop\x8a\x01\x85\x01\n\rPython-urllib\x12\x06Update\x1a\x02v1"
        b'"\x08\x08\xe2\xb4\xa5\xd8\x06\x10\x002\x08FieldsV1:R\nP{"f:metadata":{"f:labels":{".":{},'
        b'"f:a":{},"f:kubernetes.io/metadata.name":{}}}}B\x00'
        b'\x12\x0c\n\nkubernetes\x1a\x08\n\x06Active\x1a\x00"\x00'
    )
    assert kind == "ADDED"
    assert item.identity() == ("/shop", "4613")
    assert item.body(NAMESPACES) == {
        "metadata": {
            "name": "shop",
            "resourceVersion": "4613",
            "creationTimestamp": "2026-11-27T10:24:34Z",
            "labels": {"a": "b", "kubernetes.io/metadata.name": "shop"},
        }
    }


def test_an_error_is_raised_with_its_code():
    status = {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"}
    with pytest.raises(ApiError, match=r"too old \(410 Expired\)") as caught:
        read_event(written.event("ERROR", status))
    assert caught.value.status == 410


def test_an_error_without_a_code_is_one_of_the_server():
    with pytest.raises(ApiError) as caught:
        read_event(written.event("ERROR", {"kind": "Status"}))
    assert (caught.value.status, caught.value.message) == (500, "no message")


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"\xff",
        b"\n\x05ADDED",
        b'{"type": "ADDED", "object": {}}',
        b"\n\x05ADDED\x12\x03\n\x01k",
    ],
)
def test_what_is_no_event_counts_as_no_answer(message):
    with pytest.raises(UnreachableError):
        read_event(message)


def test_a_bookmark_may_end_the_initial_list():
    for found, ends in [({}, False), ({"a": "true"}, False), (END, True)]:
        assert marked(resourceVersion="7", annotations=found).bookmark() == ("7", ends)


def test_a_bookmark_without_a_version_counts_as_no_answer():
    with pytest.raises(UnreachableError):
        marked(annotations=END).bookmark()


def test_an_identity_is_namespace_and_name():
    metadata = {"name": "a", "namespace": "shop", "resourceVersion": "7"}
    item = ProtobufObject(written.encoded({"kind": "Pod", "metadata": metadata}))
    assert item.identity() == ("shop/a", "7")
    for raw in [b"", b"\xff", written.encoded({"metadata": {"name": "a"}})]:
        with pytest.raises(UnreachableError):
            ProtobufObject(raw).identity()


def test_a_page_has_objects_a_version_and_a_token():
    items, version, token = read_page(written.page([NAMESPACE], "7", "more"))
    assert [item.identity() for item in items] == [("/shop", "7")]
    assert (version, token) == ("7", "more")
    items, *rest = read_page(written.page([], "7"))
    assert (list(items), *rest) == ([], "7", "")


@pytest.mark.parametrize("answer", [b"", b"<html>", b"k8s\0", b"k8s\0\xff", b'{"items": []}'])
def test_what_is_no_list_counts_as_no_answer(answer):
    with pytest.raises(UnreachableError):
        read_page(answer)


def test_a_refusal_is_a_status_or_nothing():
    status = {"kind": "Status", "code": 409, "reason": "Conflict", "message": "no"}
    assert read_refusal(written.enveloped(status)) == {
        "code": 409,
        "reason": "Conflict",
        "message": "no",
    }
    assert read_refusal(b"<html>") == ""
    assert read_refusal(written.enveloped(status)[:-9]) == ""


def test_a_kind_without_this_form_is_unreadable():
    with pytest.raises(UnreadableError, match=r"gateways\.networking\.istio\.io"):
        ProtobufObject(b"").body(BY_KIND["networking.istio.io", "Gateway"])


@pytest.mark.parametrize("resource", CORE, ids=str)
@given(st.data())
def test_no_bytes_raise_anything_else(resource, data):
    whole = written.encoded({**NAMESPACE, "metadata": {"name": "a", "labels": {"b": "c"}}})
    raw = data.draw(
        st.binary(max_size=60)
        | st.tuples(st.integers(0, len(whole)), st.binary(max_size=4)).map(
            lambda cut: whole[: cut[0]] + cut[1] + whole[cut[0] + len(cut[1]) :]
        )
    )
    item = ProtobufObject(raw)
    reads = (
        lambda: item.body(resource),
        item.identity,
        item.bookmark,
        lambda: read_event(raw),
        lambda: read_event(b"\n\x05ADDED\x12" + bytes([len(raw) % 128]) + raw),
        lambda: read_page(b"k8s\0" + raw),
        lambda: read_refusal(b"k8s\0" + raw),
    )
    for read in reads:
        with suppress(UnreachableError, UnreadableError, ApiError):
            read()


def test_a_time_beyond_all_calendars_is_unreadable():
    # metadata.creationTimestamp.seconds
    beyond = b"\n\x0cB\x0a\x08\xff\xff\xff\xff\xff\xff\xff\xff\x7f"
    with pytest.raises(UnreadableError):
        ProtobufObject(beyond).body(NAMESPACES)
