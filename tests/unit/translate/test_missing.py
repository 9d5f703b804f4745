"""Answers of Envoy itself for what no endpoint has."""

from __future__ import annotations

import pytest
from envoy.config.route.v3 import route_components_pb2
from google.protobuf import json_format

from straightway.routing.http import (
    EVERY_REQUEST,
    Backend,
    Forward,
    Retry,
    Rule,
    VirtualHost,
)
from straightway.routing.missing import AnswerForm, Missing
from straightway.routing.subset_keys import HeaderSource, SubsetKey
from straightway.translate.missing import NAMESPACE, local_replies
from straightway.translate.routes import RouteConfiguration, route_configuration, virtual_host

KEYS = (SubsetKey("model", (HeaderSource("x-model"),)),)
MISSING = Missing("model", AnswerForm.OPENAI)


def routes(forward: Forward) -> list[route_components_pb2.Route]:
    host = VirtualHost("web", ("*",), (Rule(EVERY_REQUEST, forward),))
    parts = route_configuration("http.80", [virtual_host(host)])
    [made] = RouteConfiguration.FromString(b"".join(parts)).virtual_hosts
    return list(made.routes)


def test_a_route_says_in_which_form_and_by_which_key():
    for route in routes(Forward((Backend("web"),), subset_keys=KEYS, missing=MISSING)):
        found = json_format.MessageToDict(route.metadata)["filterMetadata"][NAMESPACE]
        assert found == {"form": "openai", "key": "model"}


def test_a_route_without_keys_says_nothing():
    [route] = routes(Forward((Backend("web"),), missing=MISSING))
    assert NAMESPACE not in route.metadata.filter_metadata


def test_a_listener_has_a_mapper_for_grpc_first_and_for_each_form():
    mappers = local_replies().mappers
    assert len(mappers) == 1 + len(AnswerForm)
    grpc, *http = mappers
    assert [each.header.key for each in grpc.headers_to_add] == ["grpc-status"]
    assert not any(each.headers_to_add for each in http)
    assert {each.status_code.value for each in mappers} == {404}


def test_a_mapper_is_for_requests_that_found_no_endpoint_and_nothing_else():
    for mapper in local_replies().mappers:
        by_flag, by_expression = mapper.filter.and_filter.filters
        assert list(by_flag.response_flag_filter.flags) == ["UH"]
        assert by_expression.HasField("extension_filter")


class TestRetriesOfUnknownAnswers:
    @staticmethod
    def added(retry: Retry) -> dict[str, str]:
        route = routes(Forward((Backend("web"),), retry=retry, subset_keys=KEYS))[-1]
        return {each.header.key: each.header.value for each in route.request_headers_to_add}

    def test_only_a_request_with_a_key_is_retried_for_them(self):
        [(name, value)] = self.added(Retry(3, ("reset",), if_unknown=True)).items()
        assert name == "x-envoy-retry-on"
        assert "'envoy.lb' in metadata.filter_metadata" in value

    def test_codes_that_are_a_reason_for_all_requests_stay_apart(self):
        added = self.added(Retry(3, status_codes=(503,), if_unknown=True))
        assert "404" in added["x-envoy-retriable-status-codes"]

    @pytest.mark.parametrize("retry", [Retry(3, ("reset",)), Retry(0)])
    def test_other_retries_add_nothing(self, retry):
        assert self.added(retry) == {}
