"""What a real Envoy makes of our routes, with its own limits: no bootstrap of ours raises them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from envoy.config.route.v3 import route_pb2
from google.protobuf import json_format

from straightway.routing.http import (
    EVERY_REQUEST,
    PRESENT,
    UNCHANGED,
    Action,
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
from straightway.routing.listeners import HttpListener
from straightway.translate.listeners import http_listener
from straightway.translate.routes import route_configuration, virtual_host
from tests.support.envoy import EnvoyProcess
from tests.support.http import HttpClient
from tests.support.ports import free_port
from tests.support.upstreams import HttpUpstream
from tests.support.validation import static_resources

EMPTY = TextMatch(TextKind.EXACT, "")
LONG = "/" + "p" * 200
VALUES = {"missing": None, "empty": "", "a": "a", "z": "z"}
CONDITIONS = {
    "exact-empty": EMPTY,
    "exact": TextMatch(TextKind.EXACT, "a"),
    "prefix": TextMatch(TextKind.PREFIX, "a"),
    "regex": TextMatch(TextKind.REGEX, "a|b"),
    "regex-empty": TextMatch(TextKind.REGEX, "a?"),
    "present": PRESENT,
}
HOLDS = {
    "exact-empty": {"empty"},
    "exact": {"a"},
    "prefix": {"a"},
    "regex": {"a"},
    "regex-empty": {"empty", "a"},
    "present": {"empty", "a", "z"},
}


def under(prefix: str, *, ignore_case: bool = False) -> PathMatch:
    return PathMatch(TextKind.PREFIX, prefix, ignore_case)


def forward(*backends: Backend, **more: Any) -> Forward:
    return Forward(backends or (Backend("web"),), **more)


def rewrite(prefix: str, text: str, kind: RewriteKind = RewriteKind.PREFIX, **path: Any) -> Rule:
    action = forward(path_rewrite=PathRewrite(kind, text))
    return Rule(Match(under(prefix, **path)), action)


def conditional(kind: str, name: str) -> Match:
    text = CONDITIONS[name]
    path = PathMatch(TextKind.EXACT, f"/{kind}/{name}")
    if kind == "query":
        return Match(path, query=(QueryMatch("x", text),))
    return Match(path, headers=(HeaderMatch("x", text, inverted=kind == "without"),))


def at(path: str, action: Action, changes: HeaderChanges = UNCHANGED) -> Rule:
    return Rule(Match(PathMatch(TextKind.EXACT, path)), action, request_headers=changes)


def setting(**headers: str) -> HeaderChanges:
    return HeaderChanges(set=tuple(headers.items()))


RULES = (
    *(
        Rule(conditional(kind, name), DirectResponse(200, b"yes"))
        for kind in ("header", "without", "query")
        for name in CONDITIONS
    ),
    rewrite(f"{LONG}/whole", "/new", RewriteKind.WHOLE),
    rewrite(LONG, "/"),
    rewrite("/Case", "/", ignore_case=True),
    rewrite("/slash/", "/"),
    rewrite("/more", "/b"),
    at("/host", forward(host_rewrite="web.internal")),
    at(
        "/backend",
        forward(Backend("web", 1, setting(own="backend", both="backend"), host_rewrite="b.com")),
        setting(both="rule"),
    ),
    at("/changes", forward(), HeaderChanges((("x", "1"),), (("x", "2"),))),
    Rule(EVERY_REQUEST, DirectResponse(404, b"no")),
)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HttpClient]:
    """A client of an Envoy with these rules and one upstream."""
    with closing(HttpUpstream("web")) as upstream:
        port = free_port()
        folder = tmp_path_factory.mktemp("routes")
        with closing(EnvoyProcess("static", bootstrap(port, upstream), folder)) as envoy:
            envoy.start()
            envoy.wait_for_listener(port)
            with closing(HttpClient(port)) as client:
                yield client


def bootstrap(port: int, upstream: HttpUpstream) -> dict[str, Any]:
    hosts = [virtual_host(VirtualHost("all", ("*",), RULES))]
    routes = route_pb2.RouteConfiguration.FromString(b"".join(route_configuration("r", hosts)))
    listener = http_listener(HttpListener("127.0.0.1", port, "r"))
    address = {"address": "127.0.0.1", "port_value": upstream.port}
    endpoint = {"endpoint": {"address": {"socket_address": address}}}
    assignment = {"cluster_name": "web", "endpoints": [{"lb_endpoints": [endpoint]}]}
    resources = {
        "cluster": [{"name": "web", "type": "STATIC", "load_assignment": assignment}],
        "endpoint": [],
        "listener": [plain(listener)],
        "route": [plain(routes)],
    }
    return {
        "admin": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": 0}}},
        "static_resources": static_resources(resources),
    }


def plain(message) -> dict[str, Any]:
    return json_format.MessageToDict(message, preserving_proto_field_name=True)


@pytest.mark.parametrize("name", CONDITIONS)
class TestConditions:
    def holding(self, client: HttpClient, kind: str, name: str) -> set[str]:
        """The values, by name, with which a condition holds."""
        holding = set()
        for said, value in VALUES.items():
            path, headers = f"/{kind}/{name}", {}
            if value is not None and kind == "query":
                path += f"?x={value}"
            elif value is not None:
                headers = {"x": value}
            if client.send(path, headers=headers).body == b"yes":
                holding.add(said)
        return holding

    def test_a_header_holds_with_its_values_alone(self, client, name):
        assert self.holding(client, "header", name) == HOLDS[name]

    def test_without_is_the_opposite_also_for_a_header_that_is_missing(self, client, name):
        assert self.holding(client, "without", name) == VALUES.keys() - HOLDS[name]

    def test_a_query_parameter_holds_with_its_values_alone(self, client, name):
        assert self.holding(client, "query", name) == HOLDS[name]


def test_a_query_parameter_without_equals_sign_is_empty(client):
    assert client.send("/query/exact-empty?x").body == b"yes"


@pytest.mark.parametrize(
    ("path", "arrived"),
    [
        (f"{LONG}/b", "/b"),
        (f"{LONG}/b?c=d", "/b?c=d"),
        (LONG, "/"),
        (f"{LONG}?c=d", "/?c=d"),
        (f"{LONG}/", "/"),
        (f"{LONG}b", "/b"),
        ("/case/B", "/B"),
        ("/CASE", "/"),
        ("/slash/b", "/b"),
        ("/more/b", "/b/b"),
        (f"{LONG}/whole/b?c=d", "/new?c=d"),
    ],
)
def test_paths_are_rewritten(client, path, arrived):
    assert client.send(path).json()["path"] == arrived


def test_hosts_are_rewritten(client):
    assert client.send("/host").json()["headers"]["host"] == "web.internal"


def test_of_a_backend_with_changes_of_its_own_the_rules_come_after_them(client):
    headers = client.send("/backend").json()["headers"]

    assert (headers["own"], headers["both"]) == ("backend", "rule")
    assert headers["host"] == "b.com"


def test_headers_are_set_before_they_are_added_to(client):
    assert client.send("/changes", headers={"x": "0"}).json()["headers"]["x"] == "1,2"
