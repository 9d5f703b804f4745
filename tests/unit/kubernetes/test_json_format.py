"""What an API server says as JSON in watches, lists and errors."""

from __future__ import annotations

import json

import msgspec
import pytest

from straightway.kubernetes.errors import ApiError, UnreachableError, UnreadableError
from straightway.kubernetes.json_format import JsonObject, read_event, read_page, read_refusal
from straightway.kubernetes.resources import BY_KIND
from straightway.kubernetes.versions import read_names


def line(kind: str, /, **body) -> bytes:
    return json.dumps({"type": kind, "object": body}).encode()


def test_an_event_has_a_type_and_an_object():
    kind, item = read_event(line("ADDED", metadata={"name": "a"}, spec={}))
    assert kind == "ADDED"
    assert item.size == len('{"metadata": {"name": "a"}, "spec": {}}')
    assert item.body(BY_KIND["", "Service"]) == {"metadata": {"name": "a"}, "spec": {}}


def test_an_error_is_raised_with_its_code():
    status = {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"}
    with pytest.raises(ApiError, match=r"too old \(410 Expired\)") as caught:
        read_event(line("ERROR", **status))
    assert caught.value.status == 410


def test_an_error_without_a_code_is_one_of_the_server():
    with pytest.raises(ApiError) as caught:
        read_event(b'{"type": "ERROR", "object": "odd"}')
    assert (caught.value.status, caught.value.message) == (500, "odd")


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"null", b"\xff", b'{"type": "ADDED"}'])
def test_what_is_no_event_counts_as_no_answer(text):
    with pytest.raises(UnreachableError):
        read_event(text)


def test_a_bookmark_may_end_the_initial_list():
    end = {"k8s.io/initial-events-end": "true"}
    for found, ends in [({}, False), (None, False), (end, True)]:
        metadata = {"resourceVersion": "7", "annotations": found}
        _, item = read_event(line("BOOKMARK", metadata=metadata))
        assert item.bookmark() == ("7", ends)


def test_a_bookmark_without_a_version_counts_as_no_answer():
    _, item = read_event(line("BOOKMARK", metadata={}))
    with pytest.raises(UnreachableError):
        item.bookmark()


def test_an_identity_is_namespace_and_name():
    body = {"metadata": {"name": "a", "namespace": "shop", "resourceVersion": "7"}}
    assert JsonObject(msgspec.Raw(json.dumps(body).encode())).identity() == ("shop/a", "7")
    for text in [b"{}", b'{"metadata": null}', b'{"metadata": {"name": "a"}}']:
        with pytest.raises(UnreachableError):
            JsonObject(msgspec.Raw(text)).identity()


def test_a_page_has_objects_a_version_and_a_token():
    page = {"metadata": {"resourceVersion": "7", "continue": "more"}, "items": [{"a": 1}]}
    items, version, token = read_page(json.dumps(page).encode())
    assert [item.size for item in items] == [len('{"a": 1}')]
    assert (version, token) == ("7", "more")
    items, *rest = read_page(b'{"metadata": {"resourceVersion": "7"}, "items": null}')
    assert (list(items), *rest) == ([], "7", "")


@pytest.mark.parametrize("text", [b"", b"<html>", b"[]", b"{}", b'{"metadata": {}, "items": []}'])
def test_what_is_no_list_counts_as_no_answer(text):
    with pytest.raises(UnreachableError):
        read_page(text)


def test_an_object_of_another_form_is_unreadable():
    for text in [b"", b"[]", b'{"metadata": 1}', b'{"spec": {"ports": 1}}']:
        with pytest.raises(UnreadableError):
            JsonObject(msgspec.Raw(text)).body(BY_KIND["", "Service"])


def test_a_refusal_is_a_status_or_a_text():
    assert read_refusal(b'{"code": 409}') == {"code": 409}
    assert read_refusal(b"busy\xff") == "busy\ufffd"


def test_discovery_names_versions_and_kinds():
    assert read_names(b'{"versions": [{"version": "v1"}]}', "versions", "version") == ["v1"]
    assert read_names(b'{"versions": null}', "versions", "version") == []
    for text in [b"", b"null", b"[]", b'{"versions": [{}]}', b'{"versions": 1}']:
        with pytest.raises(UnreachableError):
            read_names(text, "versions", "version")


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        ({"code": 409, "reason": "Conflict", "message": "no"}, 409, "no (409 Conflict)"),
        ({"message": "no"}, 500, "no (500)"),
        ({"code": "odd"}, 500, "no message (500)"),
        ({"code": 0, "message": "no"}, 500, "no (500)"),
        ({}, 500, "no message (500)"),
        ("<html>\n", 500, "<html> (500)"),
        ("x" * 1000, 500, "x" * 200 + " (500)"),
        ("", 500, "no message (500)"),
        (None, 500, "None (500)"),
        ([1], 500, "[1] (500)"),
    ],
)
def test_whatever_an_error_says_becomes_a_message(body, status, message):
    error = ApiError.of(500, body)
    assert (error.status, str(error)) == (status, message)
