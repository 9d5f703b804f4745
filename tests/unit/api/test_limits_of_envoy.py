"""What Envoy would reject, with all other resources of the type, is rejected here individually."""

from __future__ import annotations

import pytest
import re2

from straightway.api import matching

ROUTE = "route: [{destination: {host: web}}]"


def codes(parsed):
    return [(problem.code, problem.path) for problem in parsed.problems]


def test_a_regex_too_large_for_envoy_is_refused(read_spec):
    match = "match: [{uri: {regex: '/([^/]{1000}){40}'}}]"

    parsed = read_spec("VirtualService", f"{{hosts: [a], http: [{{{match}, {ROUTE}}}]}}")
    assert codes(parsed) == [("invalid-regex", "spec.http[0].match[0].uri.regex")]


def test_a_header_value_as_long_as_envoy_takes_is_accepted(read_spec):
    headers = f"headers: {{request: {{set: {{x-a: {'a' * 16_384}}}}}}}"

    parsed = read_spec("VirtualService", f"{{hosts: [a], http: [{{{headers}, {ROUTE}}}]}}")

    assert parsed.problems == ()


def test_a_long_header_value_is_refused(read_spec):
    headers = f"headers: {{request: {{set: {{x-a: {'a' * 16_385}}}}}}}"

    parsed = read_spec("VirtualService", f"{{hosts: [a], http: [{{{headers}, {ROUTE}}}]}}")

    assert codes(parsed) == [("out-of-range", "spec.http[0].headers.request.set.x-a")]


@pytest.mark.parametrize(("size", "expected"), [(1024, []), (1025, ["out-of-range"])])
def test_a_long_name_of_a_query_parameter_is_refused(read_spec, size, expected):
    match = f"match: [{{queryParams: {{? {'a' * size} : {{exact: b}}}}}}]"

    parsed = read_spec("VirtualService", f"{{hosts: [a], http: [{{{match}, {ROUTE}}}]}}")

    assert [code for code, _ in codes(parsed)] == expected


def test_subsets_need_a_balancer_that_chooses(read_spec):
    subset = "dynamicSubset: {subsetSelectors: [{keys: [model]}]}"

    parsed = read_spec(
        "DestinationRule",
        f"{{host: web, trafficPolicy: {{loadBalancer: {{simple: PASSTHROUGH, {subset}}}}}}}",
    )

    assert codes(parsed) == [("conflicting-fields", "spec.trafficPolicy.loadBalancer.simple")]


@pytest.mark.parametrize(
    ("written", "host"),
    [("Web.Example.COM", "web.example.com"), ("*.Example.com.", "*.example.com")],
)
def test_hosts_are_read_in_lower_case_without_the_last_dot(read_spec, written, host):
    parsed = read_spec("VirtualService", f"{{hosts: ['{written}'], http: [{{{ROUTE}}}]}}")

    assert parsed.object.spec.hosts == (host,)


def test_a_host_in_two_cases_is_one_host_twice(read_spec):
    parsed = read_spec("VirtualService", f"{{hosts: [a.com, A.com.], http: [{{{ROUTE}}}]}}")

    assert codes(parsed) == [("duplicate-value", "spec.hosts[1]")]


@pytest.mark.parametrize("number", [0, -1, 65_536])
def test_ports_of_kubernetes_objects_are_ports(read, number):
    body = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web"},
        "spec": {"ports": [{"port": 80, "targetPort": number}, {"port": number}]},
    }

    assert codes(read(body)) == [
        ("invalid-port", "spec.ports[0].targetPort"),
        ("invalid-port", "spec.ports[1].port"),
    ]


def test_an_external_name_is_a_host(read):
    body = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web"},
        "spec": {"type": "ExternalName", "externalName": "https://example.com"},
    }

    assert codes(read(body)) == [("invalid-host", "spec.externalName")]


def test_transcoding_in_sidecars_is_not_translated_yet(read_spec):
    parsed = read_spec("ASMGrpcJsonTranscoder", "{builtinProtoDescriptor: kserve_predict_v2}")

    assert codes(parsed) == [("not-translated-yet", "spec.isGateway")]


def test_an_idle_timeout_of_tcp_is_not_translated_yet(read_spec):
    pool = "connectionPool: {tcp: {idleTimeout: 5s}}"

    parsed = read_spec("DestinationRule", f"{{host: web, trafficPolicy: {{{pool}}}}}")

    at = "spec.trafficPolicy.connectionPool.tcp.idleTimeout"
    assert codes(parsed) == [("not-translated-yet", at)]


def test_a_value_that_cannot_be_sent_does_not_matter_where_none_is_sent(read_spec):
    headers = "headers: {request: {add: {':authority': '%', host: '%'}}}"

    parsed = read_spec("VirtualService", f"{{hosts: [a], http: [{{{headers}, {ROUTE}}}]}}")

    assert [code for code, _ in codes(parsed)] == ["immutable-header", "immutable-header"]
    assert parsed.object is not None


def test_a_warning_inside_hides_no_error_around_it(read_spec):
    destination = "destination: {host: web}, headers: {request: {add: {host: x}}}"

    parsed = read_spec(
        "VirtualService",
        f"{{hosts: [a], http: [{{route: [{{{destination}}}, {{{destination}}}]}}]}}",
    )

    assert [code for code, _ in codes(parsed)] == [
        "immutable-header",
        "immutable-header",
        "no-weight",
    ]
    assert parsed.object is None


def test_an_empty_value_to_match_is_not_the_same_as_any_value(read_spec):
    conditions = "{x-empty: {exact: ''}, x-any: {}}"
    match = (
        f"match: [{{headers: {conditions}, withoutHeaders: {conditions}, queryParams: "
        f"{conditions}}}]"
    )

    parsed = read_spec("VirtualService", f"{{hosts: [a], http: [{{{match}, {ROUTE}}}]}}")

    assert parsed.problems == ()
    (found,) = parsed.object.spec.http[0].match
    for conditions in (found.headers, found.without_headers, found.query_params):
        assert (conditions["x-empty"].exact, conditions["x-any"].exact) == ("", None)
        assert conditions["x-empty"] != conditions["x-any"]


def test_an_external_name_needs_no_ports(read):
    body = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "alias"},
        "spec": {"type": "ExternalName", "externalName": "pool.ml.svc.cluster.local"},
    }

    parsed = read(body)

    assert parsed.problems == ()
    assert parsed.object.spec.external_name == "pool.ml.svc.cluster.local"
    assert parsed.object.spec.ports == ()


@pytest.mark.parametrize("lead", ["", "*."])
@pytest.mark.parametrize(("size", "expected"), [(253, []), (254, ["invalid-host"])])
def test_a_host_is_no_longer_than_dns_allows(read_spec, lead, size, expected):
    host = (lead + "a." * 127)[: size - 1] + "b"

    parsed = read_spec("VirtualService", f"{{hosts: ['{host}'], http: [{{{ROUTE}}}]}}")

    assert [code for code, _ in codes(parsed)] == expected


def regexes(pattern: str, number: int) -> str:
    matches = ", ".join(f"{{uri: {{regex: '{pattern}{index}'}}}}" for index in range(number))
    return f"{{hosts: [a], http: [{{match: [{matches}], {ROUTE}}}]}}"


def test_ordinary_regexes_are_accepted_by_the_thousand(read_spec):
    assert read_spec("VirtualService", regexes("/v2/models/[^/]+/infer", 2_000)).problems == ()


@pytest.mark.parametrize("pattern", ["[^/]{1000}x", r"\pL{1000}x"])
def test_regexes_are_not_compiled_without_end(read_spec, monkeypatch, pattern):
    compiled = []

    class Counting:
        error, Options = re2.error, re2.Options

        @staticmethod
        def compile(*args, **kwargs):
            compiled.append(args)
            return re2.compile(*args, **kwargs)

    monkeypatch.setattr(matching, "re2", Counting)

    parsed = read_spec("VirtualService", regexes(pattern, 99))

    assert "object-too-large" in {code for code, _ in codes(parsed)}
    assert len(compiled) < 70
    assert parsed.object is None


def test_a_long_regex_is_not_compiled_at_all(read_spec):
    parsed = read_spec("VirtualService", regexes("a" * 40_000, 1))

    (problem,) = parsed.problems
    assert problem.code == "invalid-regex"
    assert "too large for Envoy" in problem.message
