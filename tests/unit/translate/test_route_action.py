"""What happens to a request that a route is for."""

from __future__ import annotations

import re

import pytest
from google.protobuf import json_format

from tests.support.configs import istio, service

WEB = "outbound|80||web.default.svc.cluster.local"
OTHER = "outbound|80||other.default.svc.cluster.local"
ROUTE = "route: [{destination: {host: web}}]"


def plain(message):
    return json_format.MessageToDict(message, preserving_proto_field_name=True)


@pytest.fixture
def the_route(routes_of):
    """The one route of a VirtualService with one HTTP route."""

    def route(http: str, *more: str):
        (found,) = routes_of(f"- {{{http}}}", service("other", "{name: http, port: 80}"), *more)
        return plain(found)

    return route


class TestDestinations:
    def test_one_is_a_cluster_whatever_its_weight(self, the_route):
        http = "route: [{destination: {host: web}, weight: 0}]"

        assert the_route(http)["route"]["cluster"] == WEB

    def test_several_share_by_weight_and_none_goes_where_it_is_zero(self, the_route):
        http = """route: [
            {destination: {host: web}, weight: 3},
            {destination: {host: other}, weight: 1},
            {destination: {host: nowhere}, weight: 0}]"""

        assert the_route(http)["route"]["weighted_clusters"]["clusters"] == [
            {"name": WEB, "weight": 3},
            {"name": OTHER, "weight": 1},
        ]

    @pytest.mark.parametrize(
        "destination", ["host: nowhere", "host: web, port: {number: 81}", "host: web, subset: v9"]
    )
    def test_one_that_does_not_exist_answers_503(self, the_route, destination):
        route = the_route(f"route: [{{destination: {{{destination}}}}}]")

        assert route["route"]["cluster"] == "BlackHoleCluster"

    def test_headers_of_a_destination_are_its_own(self, the_route):
        http = """route: [
            {destination: {host: web}, weight: 1, headers: {request: {set: {x: a}}}},
            {destination: {host: other}, weight: 1}]"""
        first, second = the_route(http)["route"]["weighted_clusters"]["clusters"]

        assert first["request_headers_to_add"][0]["header"] == {"key": "x", "value": "a"}
        assert "request_headers_to_add" not in second


class TestTimeoutsAndRetries:
    @pytest.mark.parametrize(("text", "timeout"), [("", "0s"), ("timeout: 1500ms,", "1.500s")])
    def test_no_timeout_is_no_limit(self, the_route, text, timeout):
        assert the_route(f"{text} {ROUTE}")["route"]["timeout"] == timeout

    def test_istios_retries_are_the_default(self, the_route):
        policy = the_route(ROUTE)["route"]["retry_policy"]

        assert policy["num_retries"] == 2
        assert policy["retry_on"] == "connect-failure,refused-stream,unavailable,cancelled"
        assert policy["host_selection_retry_max_attempts"] == "5"

    def test_no_attempts_are_no_retries(self, the_route):
        assert the_route(f"retries: {{attempts: 0}}, {ROUTE}")["route"]["retry_policy"] == {
            "num_retries": 0
        }

    def test_status_codes_go_into_a_list_of_their_own(self, the_route):
        retries = "{attempts: 1, retryOn: ' 503, 5xx,429,', perTryTimeout: 1s, backoff: 20ms}"
        policy = the_route(f"retries: {retries}, {ROUTE}")["route"]["retry_policy"]

        assert policy["retry_on"] == "5xx,retriable-status-codes"
        assert policy["retriable_status_codes"] == [503, 429]
        assert policy["per_try_timeout"] == "1s"
        assert policy["retry_back_off"] == {"base_interval": "0.020s"}


class TestRewrites:
    @pytest.mark.parametrize(
        ("match", "uri", "path", "rewritten"),
        [
            ("uri: {prefix: /a}", "/", "/a/b", "/b"),
            ("uri: {prefix: /a}", "/", "/a", "/"),
            ("uri: {prefix: /a/}", "/", "/a/b", "/b"),
            ("uri: {prefix: /a.b}", "/", "/a.b/c", "/c"),
            ("uri: {prefix: /A}, ignoreUriCase: true", "/", "/a/b", "/b"),
        ],
    )
    def test_a_prefix_is_cut_off_without_a_second_slash(
        self, the_route, match, uri, path, rewritten
    ):
        action = the_route(f"match: [{{{match}}}], rewrite: {{uri: {uri}}}, {ROUTE}")["route"]
        rewrite = action["regex_rewrite"]

        assert re.sub(rewrite["pattern"]["regex"], rewrite["substitution"], path) == rewritten

    @pytest.mark.parametrize(
        ("match", "uri"),
        [("uri: {prefix: /a}", "/b"), ("uri: {exact: /a}", "/"), ("uri: {prefix: /}", "/")],
    )
    def test_all_else_envoy_does_itself(self, the_route, match, uri):
        action = the_route(f"match: [{{{match}}}], rewrite: {{uri: {uri}}}, {ROUTE}")["route"]

        assert action["prefix_rewrite"] == uri
        assert "regex_rewrite" not in action

    def test_a_prefix_too_long_for_a_regex_is_replaced_plainly(self, the_route):
        match = f"uri: {{prefix: /{'a' * 200}}}"

        action = the_route(f"match: [{{{match}}}], rewrite: {{uri: /}}, {ROUTE}")["route"]

        assert action["prefix_rewrite"] == "/"

    def test_the_authority(self, the_route):
        action = the_route(f"rewrite: {{authority: a.com}}, {ROUTE}")["route"]

        assert action["host_rewrite_literal"] == "a.com"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("uri: /b", {"path_redirect": "/b"}),
        ("authority: b.com", {"host_redirect": "b.com"}),
        ("scheme: https", {"scheme_redirect": "https"}),
        ("port: 8443", {"port_redirect": 8443}),
        ("uri: /b, redirectCode: 302", {"path_redirect": "/b", "response_code": "FOUND"}),
        ("uri: /b, redirectCode: 303", {"path_redirect": "/b", "response_code": "SEE_OTHER"}),
        (
            "uri: /b, redirectCode: 307",
            {"path_redirect": "/b", "response_code": "TEMPORARY_REDIRECT"},
        ),
        (
            "uri: /b, redirectCode: 308",
            {"path_redirect": "/b", "response_code": "PERMANENT_REDIRECT"},
        ),
    ],
)
def test_redirects(the_route, text, expected):
    assert the_route(f"redirect: {{{text}}}")["redirect"] == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("", {"status": 404}),
        (", body: {string: gone}", {"status": 404, "body": {"inline_bytes": "Z29uZQ=="}}),
        (", body: {bytes: Z29uZQ==}", {"status": 404, "body": {"inline_bytes": "Z29uZQ=="}}),
    ],
)
def test_direct_responses(the_route, body, expected):
    assert the_route(f"directResponse: {{status: 404{body}}}")["direct_response"] == expected


def test_headers_are_set_added_and_removed_by_name(the_route):
    headers = """headers: {
        request: {set: {b: '2', a: '1'}, add: {c: '3'}, remove: [d]},
        response: {set: {e: '5'}}}"""
    route = the_route(f"{headers}, {ROUTE}")

    assert [
        (each["header"]["key"], each.get("append_action"))
        for each in route["request_headers_to_add"]
    ] == [("a", "OVERWRITE_IF_EXISTS_OR_ADD"), ("b", "OVERWRITE_IF_EXISTS_OR_ADD"), ("c", None)]
    assert route["request_headers_to_remove"] == ["d"]
    assert [each["header"]["key"] for each in route["response_headers_to_add"]] == ["e"]


@pytest.mark.parametrize(
    ("hashing", "expected"),
    [
        ("httpHeaderName: x-user", {"header": {"header_name": "x-user"}}),
        ("useSourceIp: true", {"connection_properties": {"source_ip": True}}),
        ("httpQueryParameterName: q", {"query_parameter": {"name": "q"}}),
        (
            "httpCookie: {name: u, path: /a, ttl: 5s}",
            {"cookie": {"name": "u", "path": "/a", "ttl": "5s"}},
        ),
        ("httpCookie: {name: u}", {"cookie": {"name": "u"}}),
    ],
)
def test_a_consistent_hash_is_taken_of_the_request(the_route, hashing, expected):
    policy = f"{{loadBalancer: {{consistentHash: {{{hashing}}}}}}}"
    rule = istio("DestinationRule", "web", f"{{host: web, trafficPolicy: {policy}}}")

    assert the_route(ROUTE, rule)["route"]["hash_policy"] == [expected]
