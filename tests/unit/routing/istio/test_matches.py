"""Which requests an HTTPMatchRequest means."""

from __future__ import annotations

import pytest
import yaml

from straightway.api.virtual_service import HttpMatch
from straightway.routing.http import (
    EVERY_REQUEST,
    PRESENT,
    HeaderMatch,
    Match,
    PathMatch,
    QueryMatch,
    TextKind,
    TextMatch,
)
from straightway.routing.istio import match_of

GET = TextMatch(TextKind.EXACT, "GET")


def matched(text: str) -> Match:
    return match_of(HttpMatch.model_validate(yaml.safe_load(text)))


def test_none_is_every_request():
    assert match_of(None) == matched("{}") == EVERY_REQUEST


def test_port_and_gateways_say_nothing_of_a_request():
    assert matched("{port: 80, gateways: [a/b]}") == EVERY_REQUEST


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("uri: {exact: /a}", PathMatch(TextKind.EXACT, "/a")),
        ("uri: {prefix: /a}", PathMatch(TextKind.PREFIX, "/a")),
        ("uri: {regex: /a.}", PathMatch(TextKind.REGEX, "/a.")),
        ("{uri: {exact: /A}, ignoreUriCase: true}", PathMatch(TextKind.EXACT, "/A", True)),
        ("{uri: {prefix: /A}, ignoreUriCase: true}", PathMatch(TextKind.PREFIX, "/A", True)),
        ("{uri: {regex: /A}, ignoreUriCase: true}", PathMatch(TextKind.REGEX, "/A")),
    ],
)
def test_paths(text, path):
    assert matched(text) == Match(path)


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
    assert matched(text).headers == (HeaderMatch(name, GET),)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{exact: a}", TextMatch(TextKind.EXACT, "a")),
        ("{prefix: a}", TextMatch(TextKind.PREFIX, "a")),
        ("{regex: 'a|b'}", TextMatch(TextKind.REGEX, "a|b")),
        ("{}", PRESENT),
        ("{regex: '.*'}", PRESENT),
        ("{exact: ''}", TextMatch(TextKind.EXACT, "")),
    ],
)
def test_values_of_headers_and_parameters(text, expected):
    found = matched(f"{{headers: {{x: {text}}}, withoutHeaders: {{y: {text}}}}}")

    assert found.headers == (HeaderMatch("x", expected), HeaderMatch("y", expected, inverted=True))
    assert matched(f"queryParams: {{X: {text}}}").query == (QueryMatch("X", expected),)


def test_conditions_come_by_name_in_whatever_order_they_are_written():
    for field in ("headers", "withoutHeaders", "queryParams"):
        assert matched(f"{field}: {{b: {{}}, a: {{}}}}") == matched(
            f"{field}: {{a: {{}}, b: {{}}}}"
        )
