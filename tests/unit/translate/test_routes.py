"""Virtual hosts: rules as routes of Envoy, and how they are joined."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from envoy.config.route.v3 import route_pb2
from google.protobuf import json_format
from hypothesis import given
from hypothesis import strategies as st

from straightway.routing.http import (
    EVERY_REQUEST,
    PRESENT,
    Backend,
    DirectResponse,
    Forward,
    HeaderChanges,
    HeaderMatch,
    Match,
    PathMatch,
    PathRewrite,
    QueryMatch,
    RewriteKind,
    Rule,
    TextKind,
    TextMatch,
    VirtualHost,
)
from straightway.routing.subset_keys import HeaderSource, SubsetKey
from straightway.translate.routes import route_configuration, virtual_host

Json = dict[str, Any]
EMPTY = TextMatch(TextKind.EXACT, "")
WITHOUT_EMPTY = HeaderMatch("x", EMPTY, inverted=True)
OFF = PathRewrite(RewriteKind.PREFIX, "/")


def configured(*hosts: VirtualHost) -> route_pb2.RouteConfiguration:
    body = b"".join(route_configuration("http.80", map(virtual_host, hosts)))
    message = route_pb2.RouteConfiguration.FromString(body)
    assert message.SerializeToString(deterministic=True) == body
    return message


def routes_of(*rules: Rule) -> list[Json]:
    (host,) = configured(VirtualHost("a:80", ("a",), rules)).virtual_hosts
    routes: list[Json] = json_format.MessageToDict(host, preserving_proto_field_name=True)["routes"]
    return routes


def forward(rewrite: PathRewrite | None = None, **more: Any) -> Forward:
    return Forward((Backend("web"),), path_rewrite=rewrite, **more)


class TestJoined:
    def test_it_is_what_the_whole_message_would_be(self):
        rule = Rule(EVERY_REQUEST, DirectResponse(200), "all")
        message = configured(
            VirtualHost("a:80", ("a", "b"), (rule,)), VirtualHost("c:80", ("c",), (rule, rule))
        )

        assert message.name == "http.80"
        assert [list(host.domains) for host in message.virtual_hosts] == [["a", "b"], ["c"]]
        assert [len(host.routes) for host in message.virtual_hosts] == [1, 2]
        assert message.HasField("validate_clusters")
        assert message.ignore_port_in_host_matching

    def test_without_virtual_hosts_there_are_no_routes(self):
        assert not configured().virtual_hosts


class TestRoutes:
    def test_headers_are_changed_at_the_route(self):
        (route,) = routes_of(
            Rule(
                EVERY_REQUEST,
                forward(),
                request_headers=HeaderChanges(remove=("x",)),
                response_headers=HeaderChanges(remove=("y",)),
            )
        )

        assert route["request_headers_to_remove"] == ["x"]
        assert route["response_headers_to_remove"] == ["y"]
        assert "name" not in route

    def test_headers_for_subsets_are_read_at_their_route_alone(self):
        with_key, without = routes_of(
            Rule(
                EVERY_REQUEST,
                forward(subset_keys=(SubsetKey("model", (HeaderSource("x-model"),)),)),
            ),
            Rule(EVERY_REQUEST, forward()),
        )

        assert list(with_key["typed_per_filter_config"]) == [
            "envoy.filters.http.header_to_metadata"
        ]
        assert "typed_per_filter_config" not in without


class TestPrefixTakenOff:
    @pytest.mark.parametrize("length", [1, 79, 80, 81, 1000])
    def test_there_is_no_second_slash_however_long_the_prefix(self, length):
        prefix = "/" + "a" * length
        routes = routes_of(Rule(Match(PathMatch(TextKind.PREFIX, prefix)), forward(OFF), "off"))

        assert [(route["name"], route["match"]["prefix"]) for route in routes] == [
            ("off", f"{prefix}/"),
            ("off", prefix),
        ]
        assert {route["route"]["prefix_rewrite"] for route in routes} == {"/"}

    def test_case_is_ignored_in_both(self):
        path = PathMatch(TextKind.PREFIX, "/A", ignore_case=True)
        routes = routes_of(Rule(Match(path), forward(OFF)))

        assert [route["match"]["case_sensitive"] for route in routes] == [False, False]

    @pytest.mark.parametrize(
        ("path", "rewrite"),
        [
            (PathMatch(TextKind.PREFIX, "/a"), PathRewrite(RewriteKind.PREFIX, "/b")),
            (PathMatch(TextKind.PREFIX, "/a"), PathRewrite(RewriteKind.WHOLE, "/")),
            (PathMatch(TextKind.PREFIX, "/a"), None),
            (PathMatch(TextKind.PREFIX, "/a/"), OFF),
            (PathMatch(TextKind.PREFIX, "/"), OFF),
            (PathMatch(TextKind.EXACT, "/a"), OFF),
            (None, OFF),
        ],
    )
    def test_all_else_is_one_route(self, path, rewrite):
        assert len(routes_of(Rule(Match(path), forward(rewrite)))) == 1


class TestMissingHeaders:
    def test_one_that_must_not_be_empty_may_be_missing(self):
        routes = routes_of(Rule(Match(headers=(WITHOUT_EMPTY,)), DirectResponse(200)))

        assert [route["match"]["headers"] for route in routes] == [
            [{"name": "x", "string_match": {"exact": ""}, "invert_match": True}],
            [{"name": "x", "present_match": True, "invert_match": True}],
        ]

    def test_many_such_conditions_do_not_make_routes_without_end(self):
        headers = tuple(HeaderMatch(f"x-{n}", EMPTY, inverted=True) for n in range(30))
        routes = routes_of(Rule(Match(headers=headers), DirectResponse(200)))

        assert len(routes) == 16


# A small Envoy: what its routes do with a request, as measured (tests/envoy/test_routes.py).


@dataclass(frozen=True)
class Request:
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)


def text_holds(matcher: Json, value: str) -> bool:
    if "exact" in matcher:
        return bool(value == matcher["exact"])
    if "prefix" in matcher:
        return value.startswith(str(matcher["prefix"]))
    return re.fullmatch(matcher["safe_regex"]["regex"], value) is not None


def header_holds(matcher: Json, headers: Mapping[str, str]) -> bool:
    value = headers.get(matcher["name"])
    inverted = bool(matcher.get("invert_match"))
    if matcher.get("present_match"):
        return (value is not None) != inverted
    if value is None:
        if not matcher.get("treat_missing_header_as_empty"):
            return False
        value = ""
    return text_holds(matcher["string_match"], value) != inverted


def query_holds(matcher: Json, query: Mapping[str, str]) -> bool:
    value = query.get(matcher["name"])
    if value is None or matcher.get("present_match"):
        return value is not None
    return text_holds(matcher["string_match"], value)


def route_path(route: Json, path: str) -> str | None:
    """The path that is sent on, or None where the route does not match."""
    match, rewrite = route["match"], route["route"].get("prefix_rewrite")
    given, wanted = path, match.get("prefix", match.get("path", ""))
    if match.get("case_sensitive") is False:
        given, wanted = given.lower(), wanted.lower()
    if "prefix" in match and given.startswith(wanted):
        return path if rewrite is None else rewrite + path[len(wanted) :]
    if "path" in match and given == wanted:
        return path if rewrite is None else str(rewrite)
    return None


def sent_on(routes: Iterable[Json], request: Request) -> str | None:
    for route in routes:
        match = route["match"]
        path = route_path(route, request.path)
        headers = all(header_holds(each, request.headers) for each in match.get("headers", ()))
        query = all(query_holds(each, request.query) for each in match.get("query_parameters", ()))
        if path is not None and headers and query:
            return path
    return None


# What the model says.


def text_meant(text: TextMatch, value: str | None) -> bool:
    if value is None or text.kind is TextKind.PRESENT:
        return value is not None
    if text.kind is TextKind.EXACT:
        return value == text.text
    if text.kind is TextKind.PREFIX:
        return value.startswith(text.text)
    return re.fullmatch(text.text, value) is not None


def meant(rule: Rule, request: Request) -> str | None:
    match = rule.match
    conditions = [
        text_meant(each.text, request.headers.get(each.name)) != each.inverted
        for each in match.headers
    ]
    conditions += [text_meant(each.text, request.query.get(each.name)) for each in match.query]
    path = match.path
    wanted, given = (path.text, request.path) if path else ("/", request.path)
    if path and path.ignore_case:
        wanted, given = wanted.lower(), given.lower()
    of_prefix = path is None or path.kind is TextKind.PREFIX
    conditions.append(given.startswith(wanted) if of_prefix else given == wanted)
    if not all(conditions):
        return None
    assert isinstance(rule.action, Forward)
    rewrite = rule.action.path_rewrite
    if rewrite is None or not of_prefix:
        return rewrite.text if rewrite else request.path
    rest = request.path[len(wanted) :]
    takes_off = rewrite.text == "/" and not wanted.endswith("/")
    return rewrite.text + (rest.removeprefix("/") if takes_off else rest)


TEXTS = st.sampled_from(
    [
        EMPTY,
        TextMatch(TextKind.EXACT, "a"),
        TextMatch(TextKind.PREFIX, "a"),
        TextMatch(TextKind.REGEX, "a"),
        TextMatch(TextKind.REGEX, "a?"),
        TextMatch(TextKind.REGEX, "b|"),
        PRESENT,
    ]
)
PATHS = st.builds(
    PathMatch,
    st.sampled_from([TextKind.EXACT, TextKind.PREFIX]),
    st.sampled_from(["/", "/a", "/a/", "/A/b"]),
    st.booleans(),
)
HEADERS = st.builds(HeaderMatch, st.sampled_from("xy"), TEXTS, st.booleans())
QUERIES = st.builds(QueryMatch, st.sampled_from("xy"), TEXTS)
MATCHES = st.builds(
    Match,
    st.none() | PATHS,
    st.lists(HEADERS, max_size=3).map(tuple),
    st.lists(QUERIES, max_size=1).map(tuple),
)


def rewritten(match: Match, text: str | None) -> Rule:
    prefix = match.path is None or match.path.kind is TextKind.PREFIX
    kind = RewriteKind.PREFIX if prefix else RewriteKind.WHOLE
    return Rule(match, forward(PathRewrite(kind, text) if text else None))


VALUES = (None, "", "a", "b")
REQUESTS = [
    Request(
        path,
        {name: value for name, value in (("x", x), ("y", y)) if value is not None},
        {} if query is None else {"x": query},
    )
    for path, x, y, query in itertools.product(
        ("/", "/a", "/a/", "/a/b", "/ab", "/A/B/c", "/a//b"), VALUES, VALUES, VALUES
    )
]


@given(MATCHES, st.sampled_from([None, "/", "/n"]))
def test_routes_do_what_the_rule_means(match, rewrite):
    rule = rewritten(match, rewrite)
    routes = routes_of(rule)

    for request in REQUESTS:
        assert sent_on(routes, request) == meant(rule, request)


@given(MATCHES)
def test_equal_rules_are_equal_bytes(match):
    first, second = (
        virtual_host(VirtualHost("a", ("a",), (Rule(match, DirectResponse(200)),)))
        for _ in range(2)
    )

    assert first == second


def test_presence_is_no_comparison():
    (route,) = routes_of(
        Rule(Match(headers=(HeaderMatch("x", PRESENT),)), DirectResponse(200)),
    )

    assert route["match"]["headers"] == [{"name": "x", "present_match": True}]
