"""Which requests a route is for."""

from __future__ import annotations

import pytest
import yaml
from google.protobuf import json_format

from straightway.api.virtual_service import HttpMatch
from straightway.translate.route_match import matches_everything, route_match


def matched(text: str):
    match = HttpMatch.model_validate(yaml.safe_load(text))
    return json_format.MessageToDict(route_match(match), preserving_proto_field_name=True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{}", {"prefix": "/"}),
        ("uri: {exact: /a}", {"path": "/a"}),
        ("uri: {prefix: /a}", {"prefix": "/a"}),
        ("uri: {regex: /a.}", {"safe_regex": {"regex": "/a."}}),
        ("{uri: {prefix: /A}, ignoreUriCase: true}", {"prefix": "/A", "case_sensitive": False}),
        ("{uri: {regex: /A}, ignoreUriCase: true}", {"safe_regex": {"regex": "/A"}}),
    ],
)
def test_paths(text, expected):
    assert matched(text) == expected


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("method: {exact: GET}", ":method"),
        ("authority: {exact: GET}", ":authority"),
        ("scheme: {exact: GET}", ":scheme"),
        ("headers: {X-Any: {exact: GET}}", "x-any"),
    ],
)
def test_texts_of_the_request_are_headers(text, name):
    assert matched(text)["headers"] == [{"name": name, "string_match": {"exact": "GET"}}]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{exact: a}", {"string_match": {"exact": "a"}}),
        ("{prefix: a}", {"string_match": {"prefix": "a"}}),
        ("{regex: 'a|b'}", {"string_match": {"safe_regex": {"regex": "a|b"}}}),
        ("{}", {"present_match": True}),
        ("{exact: ''}", {"present_match": True}),
        ("{regex: '.*'}", {"present_match": True}),
    ],
)
def test_values_of_headers_and_parameters(text, expected):
    match = matched(f"{{headers: {{x: {text}}}, queryParams: {{x: {text}}}}}")

    assert match["headers"] == [{"name": "x", **expected}]
    assert match["query_parameters"] == [{"name": "x", **expected}]


def test_a_header_that_is_missing_is_without_the_value():
    match = matched("withoutHeaders: {x: {exact: a}, y: {}}")

    assert match["headers"] == [
        {
            "name": "x",
            "string_match": {"exact": "a"},
            "invert_match": True,
            "treat_missing_header_as_empty": True,
        },
        {"name": "y", "present_match": True, "invert_match": True},
    ]


def test_conditions_come_by_name_in_whatever_order_they_are_written():
    one = matched("headers: {b: {}, a: {}}")

    assert one == matched("headers: {a: {}, b: {}}")


@pytest.mark.parametrize(
    ("text", "everything"),
    [
        ("{}", True),
        ("uri: {prefix: /}", True),
        ("port: 80", True),
        ("uri: {prefix: /a}", False),
        ("headers: {a: {}}", False),
        ("queryParams: {a: {}}", False),
        ("uri: {regex: '/.*'}", False),
    ],
)
def test_what_matches_everything(text, everything):
    match = HttpMatch.model_validate(yaml.safe_load(text))

    assert matches_everything(route_match(match)) is everything
    assert matches_everything(route_match(None))
