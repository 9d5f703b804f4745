"""What a VirtualService does with requests."""

from __future__ import annotations

from datetime import timedelta

import pytest
import yaml

from straightway.api import VirtualService, parse
from straightway.api.headers import HeaderOperations, Headers
from straightway.api.virtual_service import Destination, HttpRoute
from straightway.routing.http import (
    NO_LIMIT,
    Backend,
    DirectResponse,
    Forward,
    HashKey,
    HashSource,
    HeaderChanges,
    PathRewrite,
    Redirect,
    Retry,
    RewriteKind,
    Rule,
)
from straightway.routing.istio import DEFAULT_RETRY, Target, forward_to, rule_of, rules_of
from straightway.routing.subset_keys import HeaderSource, SubsetKey
from tests.support.configs import documents, istio

ROUTE = "route: [{destination: {host: web}}]"
ANSWER = "directResponse: {status: 200}"
BY_USER = HashKey(HashSource.HEADER, "x-user")


def target_of(destination: Destination) -> Target:
    """A cluster of the destination's name; that of `hashed` hashes."""
    return Target(destination.host, BY_USER if destination.host == "hashed" else None)


def route(text: str) -> HttpRoute:
    return HttpRoute.model_validate(yaml.safe_load(f"{{{text}}}"))


def rule(text: str) -> Rule:
    http = route(text)
    return rule_of(http, http.match[0] if http.match else None, target_of)


def forward(text: str) -> Forward:
    action = rule(text).action
    assert isinstance(action, Forward)
    return action


class TestBackends:
    def test_one_gets_all_whatever_its_weight(self):
        http = "route: [{destination: {host: web}, weight: 0}]"

        assert forward(http).backends == (Backend("web"),)

    def test_several_share_by_weight_and_none_goes_where_it_is_zero(self):
        http = """route: [
            {destination: {host: web}, weight: 3},
            {destination: {host: nowhere}},
            {destination: {host: other}, weight: 1}]"""

        assert forward(http).backends == (Backend("web", 3), Backend("other", 1))

    def test_of_several_the_first_that_hashes_says_by_what(self):
        http = """route: [
            {destination: {host: web}, weight: 3},
            {destination: {host: hashed}, weight: 1}]"""

        assert forward(http).hash_on == BY_USER
        assert forward(ROUTE).hash_on is None

    def test_one_that_gets_nothing_says_nothing(self):
        http = """route: [
            {destination: {host: web}, weight: 3},
            {destination: {host: hashed}, weight: 0}]"""

        assert forward(http).hash_on is None

    def test_headers_of_one_of_several_are_its_own(self):
        http = """route: [
            {destination: {host: web}, weight: 1, headers: {request: {set: {x: a}}}},
            {destination: {host: other}, weight: 1, headers: {response: {remove: [y]}}}]"""

        assert forward(http).backends == (
            Backend("web", 1, request_headers=HeaderChanges(set=(("x", "a"),))),
            Backend("other", 1, response_headers=HeaderChanges(remove=("y",))),
        )

    def test_without_rules_all_goes_to_one_cluster(self):
        assert forward_to("web") == forward(ROUTE)


class TestHeaders:
    def test_they_come_by_name(self):
        found = rule(
            f"""headers: {{
                request: {{set: {{b: '2', a: '1'}}, add: {{d: '4', c: '3'}}, remove: [e]}},
                response: {{set: {{f: '6'}}}}}}, {ROUTE}"""
        )

        assert found.request_headers == HeaderChanges(
            (("a", "1"), ("b", "2")), (("c", "3"), ("d", "4")), ("e",)
        )
        assert found.response_headers == HeaderChanges(set=(("f", "6"),))

    def test_those_of_the_only_destination_win(self):
        headers = "headers: {%s: {set: {x: route, y: route}, add: {X: more}}}"
        own = "headers: {%s: {set: {X: destination}, remove: [y]}}"
        for side in ("request", "response"):
            destination = f"route: [{{destination: {{host: web}}, {own % side}}}]"
            found = rule(f"{headers % side}, {destination}")

            assert getattr(found, f"{side}_headers") == HeaderChanges(
                set=(("X", "destination"),), remove=("y",)
            )
            assert isinstance(found.action, Forward)
            assert found.action.backends[0].is_plain

    def test_answers_of_the_proxy_itself_have_them_too(self):
        found = rule(f"headers: {{response: {{set: {{x: a}}}}}}, {ANSWER}")

        assert found.response_headers == HeaderChanges(set=(("x", "a"),))


def setting_host(host: str | None) -> Headers:
    class SettingHost(HeaderOperations):
        @property
        def host_rewrite(self) -> str | None:
            return host

    return Headers().model_copy(update={"request": SettingHost()})


def with_host(text: str, route_host: str | None, *own: str | None) -> Forward:
    """An action whose route, and whose destinations, set Host."""
    http = route(text)
    destinations = tuple(
        destination.model_copy(update={"headers": setting_host(host)})
        for destination, host in zip(http.route, own, strict=True)
    )
    changed = http.model_copy(update={"headers": setting_host(route_host), "route": destinations})
    action = rule_of(changed, None, target_of).action
    assert isinstance(action, Forward)
    return action


class TestHost:
    @pytest.mark.parametrize(
        ("rewrite", "of_route", "of_destination", "expected"),
        [
            ("", None, None, ""),
            ("", "route", None, "route"),
            ("", None, "own", "own"),
            ("", "route", "own", "route"),
            ("rewrite: {authority: best}, ", "route", "own", "best"),
            ("rewrite: {uri: /}, ", "route", "own", "route"),
        ],
    )
    def test_the_host_header_of_a_route_is_a_rewrite(
        self, rewrite, of_route, of_destination, expected
    ):
        assert with_host(rewrite + ROUTE, of_route, of_destination).host_rewrite == expected

    def test_of_several_destinations_each_has_its_own(self):
        http = """route: [
            {destination: {host: web}, weight: 1}, {destination: {host: other}, weight: 1}]"""
        action = with_host(http, None, "own", None)

        assert action.backends == (Backend("web", 1, host_rewrite="own"), Backend("other", 1))
        assert action.host_rewrite == ""


@pytest.mark.parametrize(("text", "timeout"), [("", 0), ("timeout: 0s,", 0), ("timeout: 2s,", 2)])
def test_no_timeout_is_no_limit(text, timeout):
    assert forward(text + ROUTE).timeout == timedelta(seconds=timeout)
    assert timedelta() == NO_LIMIT


class TestRetries:
    def test_istios_are_the_default(self):
        assert forward(ROUTE).retry == DEFAULT_RETRY
        assert forward("retries: {attempts: 2}, " + ROUTE).retry == DEFAULT_RETRY
        assert forward("retries: {attempts: 2, retryOn: ' , '}, " + ROUTE).retry == DEFAULT_RETRY

    def test_no_attempts_are_no_retries(self):
        assert forward("retries: {attempts: 0, retryOn: 5xx}, " + ROUTE).retry == Retry(0)

    def test_status_codes_go_into_a_list_of_their_own(self):
        retries = "{attempts: 1, retryOn: ' 503, 5xx,429,', perTryTimeout: 1s, backoff: 20ms}"

        assert forward(f"retries: {retries}, {ROUTE}").retry == Retry(
            1, ("5xx",), (503, 429), timedelta(seconds=1), timedelta(milliseconds=20)
        )

    def test_status_codes_alone_are_enough(self):
        retry = forward("retries: {attempts: 1, retryOn: '503'}, " + ROUTE).retry

        assert retry == Retry(1, (), (503,))


class TestRewrites:
    @pytest.mark.parametrize(
        ("match", "kind"),
        [
            ("", RewriteKind.PREFIX),
            ("match: [{method: {exact: GET}}],", RewriteKind.PREFIX),
            ("match: [{uri: {prefix: /a}}],", RewriteKind.PREFIX),
            ("match: [{uri: {exact: /a}}],", RewriteKind.WHOLE),
            ("match: [{uri: {regex: '/a.*'}}],", RewriteKind.WHOLE),
        ],
    )
    def test_what_was_matched_is_replaced(self, match, kind):
        action = forward(f"{match} rewrite: {{uri: /b}}, {ROUTE}")

        assert action.path_rewrite == PathRewrite(kind, "/b")

    def test_the_authority_alone_leaves_the_path(self):
        action = forward(f"rewrite: {{authority: a.com}}, {ROUTE}")

        assert (action.host_rewrite, action.path_rewrite) == ("a.com", None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("uri: /b", Redirect(path="/b")),
        ("authority: b.com", Redirect(host="b.com")),
        ("scheme: https, port: 8443", Redirect(scheme="https", port=8443)),
        ("uri: /b, redirectCode: 308", Redirect(path="/b", code=308)),
    ],
)
def test_redirects(text, expected):
    assert rule(f"redirect: {{{text}}}").action == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [("", None), (", body: {string: gone}", b"gone"), (", body: {bytes: Z29uZQ==}", b"gone")],
)
def test_direct_responses(body, expected):
    answer = rule(f"directResponse: {{status: 404{body}}}").action

    assert answer == DirectResponse(404, expected)


def test_headers_for_subsets():
    mapping = "headerToDynamicSubsetKey: [{header: x-model, key: model}]"

    assert forward(f"{mapping}, {ROUTE}").subset_keys == (
        SubsetKey("model", (HeaderSource("x-model"),)),
    )


class TestRules:
    def rules(self, http: str, *holding: str) -> list[str]:
        """The names of the rules, where matches of these names hold."""
        text = istio("VirtualService", "vs", f"{{hosts: [a], http: [{http}]}}")
        (document,) = documents(text)
        virtual_service = parse(document).object
        assert isinstance(virtual_service, VirtualService)
        rules = rules_of(virtual_service.spec, lambda match: match.name in holding, target_of)
        return [rule.name for rule in rules]

    def test_there_is_one_for_each_match_that_holds(self):
        http = f"""
            {{name: one, match: [{{name: a}}, {{name: b}}, {{uri: {{exact: /}}}}], {ANSWER}}},
            {{name: two, match: [{{name: b}}], {ANSWER}}},
            {{name: all, {ANSWER}}}"""

        assert self.rules(http, "a", "") == ["one.a", "one", "all"]

    def test_what_is_not_translated_yet_has_none(self):
        http = f"""
            {{match: [{{name: a, sourceNamespace: x}}, {{name: b}}], {ANSWER}}},
            {{match: [{{name: c, sourceLabels: {{a: b}}}}], {ANSWER}}},
            {{name: d, delegate: {{name: other}}}},
            {{name: behind, {ANSWER}}}"""

        assert self.rules(http, "a", "b", "c") == ["b", "behind"]
