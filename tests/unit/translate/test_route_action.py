"""What Envoy does with requests: destinations, retries, rewrites, redirects, headers, hashes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from envoy.config.route.v3 import route_components_pb2
from google.protobuf import json_format

from straightway.routing.http import (
    Action,
    Backend,
    DirectResponse,
    Forward,
    HashKey,
    HashSource,
    HeaderChanges,
    PathMatch,
    PathRewrite,
    Redirect,
    Retry,
    RewriteKind,
    TextKind,
)
from straightway.translate.route_action import set_action, set_headers

WEB, OTHER = Backend("web"), Backend("other")
PREFIX, EXACT, REGEX = TextKind.PREFIX, TextKind.EXACT, TextKind.REGEX


def plain(message) -> dict[str, Any]:
    return json_format.MessageToDict(message, preserving_proto_field_name=True)


def made(action: Action, path: PathMatch | None = None) -> dict[str, Any]:
    route = route_components_pb2.Route()
    set_action(route, action, path)
    return plain(route)


def forwarded(*backends: Backend, path: PathMatch | None = None, **more: Any) -> dict[str, Any]:
    action: dict[str, Any] = made(Forward(backends or (WEB,), **more), path)["route"]
    return action


class TestBackends:
    def test_a_plain_one_is_a_cluster(self):
        assert forwarded(WEB) == {"cluster": "web", "timeout": "0s"}

    def test_several_share_by_weight(self):
        assert forwarded(Backend("web", 3), OTHER)["weighted_clusters"] == {
            "clusters": [{"name": "web", "weight": 3}, {"name": "other", "weight": 1}]
        }

    @pytest.mark.parametrize("others", [(), (OTHER,)])
    def test_what_one_changes_is_its_own_even_if_it_is_alone(self, others):
        backend = Backend(
            "web",
            request_headers=HeaderChanges(set=(("x", "a"),)),
            response_headers=HeaderChanges(remove=("y",)),
            host_rewrite="web.internal",
        )
        weighted = forwarded(backend, *others)["weighted_clusters"]["clusters"][0]

        assert weighted == {
            "name": "web",
            "weight": 1,
            "request_headers_to_add": [
                {
                    "header": {"key": "x", "value": "a"},
                    "append_action": "OVERWRITE_IF_EXISTS_OR_ADD",
                }
            ],
            "response_headers_to_remove": ["y"],
            "host_rewrite_literal": "web.internal",
        }

    @pytest.mark.parametrize(
        "backend",
        [
            Backend("web", request_headers=HeaderChanges(remove=("x",))),
            Backend("web", response_headers=HeaderChanges(remove=("x",))),
            Backend("web", host_rewrite="web.internal"),
        ],
    )
    def test_any_change_of_its_own_is_enough(self, backend):
        assert "weighted_clusters" in forwarded(backend)


def test_timeouts():
    assert forwarded(timeout=timedelta(milliseconds=1500))["timeout"] == "1.500s"


class TestRetries:
    def retried(self, retry: Retry) -> dict[str, Any]:
        policy: dict[str, Any] = forwarded(retry=retry)["retry_policy"]
        return policy

    def test_another_endpoint_is_asked(self):
        policy = self.retried(Retry(2, ("connect-failure", "unavailable")))

        assert policy["num_retries"] == 2
        assert policy["retry_on"] == "connect-failure,unavailable"
        assert policy["host_selection_retry_max_attempts"] == "5"
        assert len(policy["retry_host_predicate"]) == 1

    def test_no_attempts_are_no_retries(self):
        assert self.retried(Retry(0)) == {"num_retries": 0}

    def test_status_codes_go_into_a_list_of_their_own(self):
        retry = Retry(
            1, ("5xx",), (503, 429), timedelta(seconds=1), backoff=timedelta(milliseconds=20)
        )
        policy = self.retried(retry)

        assert policy["retry_on"] == "5xx,retriable-status-codes"
        assert policy["retriable_status_codes"] == [503, 429]
        assert policy["per_try_timeout"] == "1s"
        assert policy["retry_back_off"] == {"base_interval": "0.020s"}

    def test_the_condition_for_status_codes_stands_once(self):
        policy = self.retried(Retry(1, ("retriable-status-codes",), (503,)))

        assert policy["retry_on"] == "retriable-status-codes"


class TestRewrites:
    @pytest.mark.parametrize(
        ("path", "kind"),
        [
            (None, RewriteKind.PREFIX),
            (PathMatch(PREFIX, "/a"), RewriteKind.PREFIX),
            (PathMatch(EXACT, "/a"), RewriteKind.PREFIX),
            (PathMatch(EXACT, "/a"), RewriteKind.WHOLE),
            (PathMatch(REGEX, "/a.*"), RewriteKind.WHOLE),
        ],
    )
    def test_envoy_replaces_what_was_matched(self, path, kind):
        action = forwarded(path=path, path_rewrite=PathRewrite(kind, "/b"))

        assert action["prefix_rewrite"] == "/b"
        assert "regex_rewrite" not in action

    @pytest.mark.parametrize("path", [None, PathMatch(PREFIX, "/a")])
    def test_the_whole_path_behind_a_prefix_is_replaced_by_regex(self, path):
        action = forwarded(path=path, path_rewrite=PathRewrite(RewriteKind.WHOLE, r"/b\1"))

        assert "prefix_rewrite" not in action
        assert action["regex_rewrite"]["substitution"] == r"/b\\1"

    def test_the_host(self):
        assert forwarded(host_rewrite="a.com")["host_rewrite_literal"] == "a.com"


@pytest.mark.parametrize(
    ("redirect", "expected"),
    [
        (Redirect(path="/b"), {"path_redirect": "/b"}),
        (Redirect(host="b.com"), {"host_redirect": "b.com"}),
        (Redirect(scheme="https"), {"scheme_redirect": "https"}),
        (Redirect(port=8443), {"port_redirect": 8443}),
        (Redirect(path="/b", code=302), {"path_redirect": "/b", "response_code": "FOUND"}),
        (Redirect(code=303), {"response_code": "SEE_OTHER"}),
        (Redirect(code=307), {"response_code": "TEMPORARY_REDIRECT"}),
        (Redirect(code=308), {"response_code": "PERMANENT_REDIRECT"}),
    ],
)
def test_redirects(redirect, expected):
    assert made(redirect) == {"redirect": expected}


@pytest.mark.parametrize(
    ("body", "expected"),
    [(None, {}), (b"gone", {"body": {"inline_bytes": "Z29uZQ=="}})],
)
def test_direct_responses(body, expected):
    assert made(DirectResponse(404, body)) == {"direct_response": {"status": 404, **expected}}


def test_headers_are_set_added_and_removed():
    route = route_components_pb2.Route()
    changes = HeaderChanges((("b", "2"), ("a", "1")), (("c", "3"),), ("d",))
    set_headers(route, changes, HeaderChanges(add=(("e", "5"),)))
    message = plain(route)

    assert [
        (each["header"]["key"], each["header"]["value"], each.get("append_action"))
        for each in message["request_headers_to_add"]
    ] == [
        ("b", "2", "OVERWRITE_IF_EXISTS_OR_ADD"),
        ("a", "1", "OVERWRITE_IF_EXISTS_OR_ADD"),
        ("c", "3", None),
    ]
    assert message["request_headers_to_remove"] == ["d"]
    assert message["response_headers_to_add"] == [{"header": {"key": "e", "value": "5"}}]
    assert "response_headers_to_remove" not in message


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (HashKey(HashSource.HEADER, "x-user"), {"header": {"header_name": "x-user"}}),
        (HashKey(HashSource.SOURCE_IP), {"connection_properties": {"source_ip": True}}),
        (HashKey(HashSource.QUERY, "q"), {"query_parameter": {"name": "q"}}),
        (
            HashKey(HashSource.COOKIE, "u", "/a", timedelta(seconds=5)),
            {"cookie": {"name": "u", "path": "/a", "ttl": "5s"}},
        ),
        (HashKey(HashSource.COOKIE, "u", ttl=timedelta()), {"cookie": {"name": "u", "ttl": "0s"}}),
        (HashKey(HashSource.COOKIE, "u"), {"cookie": {"name": "u"}}),
    ],
)
def test_a_hash_is_taken_of_the_request(key, expected):
    assert forwarded(hash_on=key)["hash_policy"] == [expected]
