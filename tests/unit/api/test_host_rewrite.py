"""``headers.request.set.Host`` rewrites the host, as in Istio; nothing else may touch it."""

from __future__ import annotations

import pytest

ROUTE = "route: [{destination: {host: a}}]"


@pytest.fixture
def read_headers(read_spec):
    """Read a VirtualService whose route has these headers, and any other fields."""

    def parsed(headers: str, more: str = ""):
        route = f"{{{ROUTE}, headers: {{{headers}}}{more}}}"
        return read_spec("VirtualService", f"{{hosts: [a.com], http: [{route}]}}")

    return parsed


def found(parsed):
    return [(problem.code, problem.path.partition("headers.")[2]) for problem in parsed.problems]


@pytest.mark.parametrize("name", ["Host", "host", "HOST", "':authority'"])
@pytest.mark.parametrize("host", ["a.ml.svc.cluster.local", "a:8080", "10.0.0.1", "'[::1]:80'"])
def test_setting_the_host_of_requests_is_a_rewrite_and_no_header(read_headers, name, host):
    parsed = read_headers(f"request: {{set: {{{name}: {host}, x-a: b}}}}")

    assert parsed.problems == ()
    request = parsed.object.spec.http[0].headers.request
    assert request.host_rewrite == host.strip("'")
    assert request.set == {"x-a": "b"}


def test_without_it_there_is_no_rewrite(read_headers):
    headers = read_headers("request: {set: {x-a: b}}").object.spec.http[0].headers

    assert headers.request.host_rewrite is None
    assert headers.request.set == {"x-a": "b"}


def test_a_destination_rewrites_the_host_too(read_spec):
    destination = "destination: {host: a}, headers: {request: {set: {Host: b}}}"

    parsed = read_spec("VirtualService", f"{{hosts: [a], http: [{{route: [{{{destination}}}]}}]}}")

    assert parsed.problems == ()
    assert parsed.object.spec.http[0].route[0].headers.request.host_rewrite == "b"


def test_objects_that_differ_in_the_rewrite_differ(read_headers):
    one, same, other = (
        read_headers(f"request: {{set: {{{name}: {host}}}}}").object
        for name, host in (("Host", "a"), ("host", "a"), ("Host", "b"))
    )

    assert one == same != other


@pytest.mark.parametrize(
    "headers",
    [
        "request: {add: {Host: a}}",
        "request: {remove: [Host]}",
        "request: {set: {':path': /}}",
        "request: {set: {':method': GET}}",
        "request: {add: {':authority': a}}",
        "response: {set: {Host: a}}",
        "response: {set: {':authority': a}}",
        "response: {add: {Host: a}}",
        "response: {remove: [Host]}",
    ],
)
def test_anything_else_leaves_the_host_as_it_is_and_says_so(read_headers, headers):
    parsed = read_headers(headers)

    assert [problem.code for problem in parsed.problems] == ["immutable-header"]
    changed = parsed.object.spec.http[0].headers
    assert changed.request.host_rewrite is None
    for operations in (changed.request, changed.response):
        assert (operations.set, operations.add, operations.remove) == ({}, {}, ())


@pytest.mark.parametrize("host", ["''", "a b", "'%REQ(x-host)%'", "http://a", "a/b", '"a\\nb"'])
def test_what_cannot_be_a_host_is_an_error(read_headers, host):
    parsed = read_headers(f"request: {{set: {{Host: {host}, x-a: b}}}}")

    assert found(parsed) == [("invalid-host", "request.set.Host")]


def test_the_host_is_set_once(read_headers):
    parsed = read_headers("request: {set: {Host: a, ':authority': b}}")

    assert found(parsed) == [("conflicting-fields", 'request.set[":authority"]')]
    assert parsed.problems[0].message.startswith("Host and :authority both set")


def test_the_host_is_set_in_one_place(read_headers):
    parsed = read_headers("request: {set: {Host: a}}", ", rewrite: {authority: b}")

    (problem,) = parsed.problems
    assert problem.code == "conflicting-fields"
    assert problem.path == "spec.http[0].rewrite.authority"
    assert read_headers("request: {set: {x-a: a}}", ", rewrite: {authority: b}").problems == ()
    assert read_headers("request: {set: {Host: a}}", ", rewrite: {uri: /b}").problems == ()


def test_a_mistake_beside_the_host_is_found(read_headers):
    parsed = read_headers("request: {set: {Host: a, x-a: '%'}}")

    assert found(parsed) == [("invalid-header-value", "request.set.x-a")]
