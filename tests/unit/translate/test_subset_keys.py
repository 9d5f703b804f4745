"""Subset keys of requests: which filters find them, and for which requests the script runs."""

from __future__ import annotations

from typing import Any

import pytest
from envoy.config.route.v3 import route_components_pb2
from google.protobuf import json_format

from straightway.routing.subset_keys import (
    BodySource,
    CookieSource,
    GrpcSource,
    HeaderSource,
    PathRegex,
    PathSource,
    QuerySource,
    SubsetKey,
)
from straightway.translate.key_filters import GRPC, HEADERS, JSON, LUA
from straightway.translate.subset_keys import Requests, variants

HEADER, COOKIE, QUERY = HeaderSource("x-model"), CookieSource("model"), QuerySource("model")
PATH, REGEX = PathSource("/m/"), PathRegex("/(.*)")
BODY, FIELD = BodySource(("model",)), GrpcSource(("model_name",))
WRAPPED = "config"


def routes(*keys: SubsetKey) -> dict[str, dict[str, Any]]:
    """Which requests → their route."""
    found = {}
    for variant in variants(keys):
        route = route_components_pb2.Route()
        variant.apply(route)
        found[str(variant.requests)] = json_format.MessageToDict(
            route, preserving_proto_field_name=True
        )
    return found


def filters(*keys: SubsetKey) -> dict[str, set[str]]:
    return {
        requests: set(route.get("typed_per_filter_config", ()))
        for requests, route in routes(*keys).items()
    }


def model(*sources, **more) -> SubsetKey:
    return SubsetKey("model", sources, **more)


OTHERS, ESCAPED, CALLS = Requests.OTHERS, Requests.ESCAPED, Requests.GRPC
CASES = [
    (model(HEADER), {OTHERS: {HEADERS}}),
    (model(HEADER, COOKIE), {OTHERS: {HEADERS}}),
    (model(PATH), {ESCAPED: {HEADERS, LUA}, OTHERS: {HEADERS}}),
    (model(REGEX), {ESCAPED: {HEADERS, LUA}, OTHERS: {HEADERS}}),
    (model(QUERY), {ESCAPED: {HEADERS, LUA}, OTHERS: {HEADERS}}),
    (model(BODY), {OTHERS: {JSON}}),
    (model(HEADER, BODY), {OTHERS: {HEADERS, JSON}}),
    (model(BODY, HEADER), {OTHERS: {HEADERS, JSON}}),
    (model(HEADER, BODY, COOKIE), {OTHERS: {HEADERS, JSON, LUA}}),
    (model(BODY, HEADER, BODY), {OTHERS: {HEADERS, JSON, LUA}}),
    (model(FIELD), {CALLS: {GRPC, LUA}, OTHERS: set()}),
    (model(BODY, FIELD), {CALLS: {GRPC, LUA}, OTHERS: {JSON}}),
    (
        model(PATH, FIELD),
        {CALLS: {GRPC, HEADERS, LUA}, ESCAPED: {HEADERS, LUA}, OTHERS: {HEADERS}},
    ),
    (model(HEADER, aliases=(("a", "b"),)), {OTHERS: {HEADERS, LUA}}),
    (model(PATH, aliases=(("a", "b"),)), {OTHERS: {HEADERS, LUA}}),
]


@pytest.mark.parametrize(("key", "expected"), CASES)
def test_the_script_runs_only_for_what_no_filter_can_do(key, expected):
    assert filters(key) == expected


def test_without_keys_a_route_has_no_variants():
    assert variants(()) == ()


def test_headers_go_into_the_metadata_that_the_balancer_reads():
    keys = (
        SubsetKey("stage", (HeaderSource("x-stage"),)),
        SubsetKey("version", (HeaderSource("x-version"), HeaderSource("x-v"))),
    )

    (route,) = routes(*keys).values()

    rules = route["typed_per_filter_config"][HEADERS]["request_rules"]
    found = [(rule["header"], rule["on_header_present"]["key"]) for rule in rules]
    # The last that is there wins.
    assert found == [("x-stage", "stage"), ("x-v", "version"), ("x-version", "version")]
    assert {rule["on_header_present"]["metadata_namespace"] for rule in rules} == {"envoy.lb"}


def test_all_but_the_rules_for_headers_may_be_unknown_to_the_proxy():
    for route in routes(model(PATH, BODY, FIELD)).values():
        for name, config in route.get("typed_per_filter_config", {}).items():
            assert config.get("is_optional", False) is (name != HEADERS)


@pytest.mark.parametrize(
    ("keys", "limit"),
    [
        ([model(HEADER)], 0),
        ([model(BODY)], 32 << 20),
        ([model(BODY, largest_body=7)], 7),
        ([model(BODY, largest_body=7), SubsetKey("a", (BODY,), largest_body=9)], 9),
        ([model(HEADER, largest_body=7)], 0),
    ],
)
def test_only_a_route_that_reads_bodies_keeps_them_back(keys, limit):
    route = routes(*keys)["others"]

    assert int(route.get("request_body_buffer_limit", 0)) == limit


def test_a_message_is_kept_back_for_calls_alone():
    found = routes(model(FIELD, PATH, largest_body=7))

    assert found["grpc"]["request_body_buffer_limit"] == "7"
    assert "request_body_buffer_limit" not in found["escaped"]
    assert "request_body_buffer_limit" not in found["others"]


def test_equal_aliases_of_two_entries_do_not_mix():
    first, second = (("a", "one"),), (("a", "two"),)

    (route,) = routes(model(HEADER, aliases=first), model(COOKIE, aliases=second)).values()

    parameters = route["metadata"]["filter_metadata"][LUA]
    named = {name: value for name, value in parameters.items() if name != "keys"}
    assert sorted(named.values()) == ["one", "two"]
    prefixes = [source["aliases"] for source in parameters["keys"][0]["from"]]
    # The entry that is written last counts first.
    assert [named[f"{prefix}a"] for prefix in prefixes] == ["two", "one"]
