"""Which requests a route is for."""

from __future__ import annotations

import pytest
from envoy.config.route.v3 import route_components_pb2
from google.protobuf import json_format

from straightway.routing.http import (
    PRESENT,
    HeaderMatch,
    Match,
    PathMatch,
    QueryMatch,
    TextKind,
    TextMatch,
)
from straightway.translate.route_match import lacks_missing, set_match

A = TextMatch(TextKind.EXACT, "a")
EMPTY = TextMatch(TextKind.EXACT, "")


def matched(match: Match):
    message = route_components_pb2.RouteMatch()
    set_match(message, match)
    return json_format.MessageToDict(message, preserving_proto_field_name=True)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (None, {"prefix": "/"}),
        (PathMatch(TextKind.EXACT, "/a"), {"path": "/a"}),
        (PathMatch(TextKind.PREFIX, "/a"), {"prefix": "/a"}),
        (PathMatch(TextKind.REGEX, "/a."), {"safe_regex": {"regex": "/a."}}),
        (PathMatch(TextKind.PREFIX, "/A", True), {"prefix": "/A", "case_sensitive": False}),
        (PathMatch(TextKind.EXACT, "/A", True), {"path": "/A", "case_sensitive": False}),
        (PathMatch(TextKind.REGEX, "/A", True), {"safe_regex": {"regex": "/A"}}),
    ],
)
def test_paths(path, expected):
    assert matched(Match(path)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (A, {"string_match": {"exact": "a"}}),
        (EMPTY, {"string_match": {"exact": ""}}),
        (TextMatch(TextKind.PREFIX, "a"), {"string_match": {"prefix": "a"}}),
        (TextMatch(TextKind.REGEX, "a|b"), {"string_match": {"safe_regex": {"regex": "a|b"}}}),
        (PRESENT, {"present_match": True}),
    ],
)
def test_values_of_headers_and_parameters(text, expected):
    match = matched(Match(headers=(HeaderMatch("x", text),), query=(QueryMatch("y", text),)))

    assert match["headers"] == [{"name": "x", **expected}]
    assert match["query_parameters"] == [{"name": "y", **expected}]


def test_a_header_that_is_missing_is_without_the_value():
    headers = (HeaderMatch("x", A, inverted=True), HeaderMatch("y", PRESENT, inverted=True))

    assert matched(Match(headers=headers))["headers"] == [
        {
            "name": "x",
            "string_match": {"exact": "a"},
            "invert_match": True,
            "treat_missing_header_as_empty": True,
        },
        {"name": "y", "present_match": True, "invert_match": True},
    ]


@pytest.mark.parametrize(
    ("text", "lacks"),
    [
        (EMPTY, True),
        (TextMatch(TextKind.REGEX, "a?"), True),
        (TextMatch(TextKind.REGEX, "|a"), True),
        (TextMatch(TextKind.REGEX, "a"), False),
        (TextMatch(TextKind.PREFIX, "a"), False),
        (A, False),
        (PRESENT, False),
    ],
)
def test_what_the_empty_value_fulfils_leaves_missing_headers_out(text, lacks):
    header = HeaderMatch("x", text, inverted=True)
    (message,) = matched(Match(headers=(header,)))["headers"]

    assert lacks_missing(header) is lacks
    assert not lacks_missing(HeaderMatch("x", text))
    if lacks:
        assert "treat_missing_header_as_empty" not in message
