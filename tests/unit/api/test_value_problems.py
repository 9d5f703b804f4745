"""Values that are not written as what they are: hosts, durations, ports, regexes, headers."""

from __future__ import annotations

from operator import itemgetter

import pytest

from tests.support.bad_specs import DR, VS, H, assert_told, http, match, to_a

CASES = [
    (
        VS,
        "{hosts: ['a*'], http: []}",
        "invalid-host",
        "spec.hosts[0]",
        "a wildcard can only come first",
    ),
    (VS, "{hosts: ['a:80'], http: []}", "invalid-host", "spec.hosts[0]", "remove the port"),
    (VS, "{hosts: ['http://a'], http: []}", "invalid-host", "spec.hosts[0]", "scheme"),
    (VS, "{hosts: ['a b'], http: []}", "invalid-host", "spec.hosts[0]", "DNS name"),
    (DR, "{host: 'a..b'}", "invalid-host", "spec.host", "DNS name"),
    (
        VS,
        http("{route: [{destination: {host: '*.a'}}]}"),
        "invalid-host",
        f"{H}.route[0].destination.host",
        "wildcard",
    ),
    (VS, to_a("timeout: 5"), "invalid-duration", f"{H}.timeout", '"5s"'),
    (VS, to_a("timeout: '5'"), "invalid-duration", f"{H}.timeout", '"5s"'),
    (VS, to_a("timeout: -1s"), "invalid-duration", f"{H}.timeout", "h, m, s, ms"),
    (VS, to_a("timeout: 9999999h"), "invalid-duration", f"{H}.timeout", "too long"),
    (VS, to_a("retries: {perTryTimeout: 0s}"), "invalid-duration", None, "one millisecond"),
    (VS, match("port: 65536"), "invalid-port", f"{H}.match[0].port", "1 to 65535"),
    (VS, match("headers: {'a b': {}}"), "invalid-header-name", None, "x-model"),
    (VS, match("queryParams: {'': {}}"), "empty-field", None, "query parameter"),
    (VS, match("uri: {regex: '(?=a)'}"), "invalid-regex", f"{H}.match[0].uri.regex", "look-around"),
    (VS, match(r"uri: {regex: '(a)\1'}"), "invalid-regex", f"{H}.match[0].uri.regex", "RE2"),
    (VS, match("uri: {regex: ''}"), "empty-field", f"{H}.match[0].uri.regex", "write one"),
    (VS, to_a("rewrite: {uri: a}"), "invalid-path", f"{H}.rewrite.uri", "with a slash"),
    (VS, to_a('rewrite: {authority: "a\\nb"}'), "invalid-host", f"{H}.rewrite.authority", "name"),
    (
        VS,
        to_a("headers: {request: {set: {a: 100%}}}"),
        "invalid-header-value",
        f"{H}.headers.request.set.a",
        "write %% for a percent sign",
    ),
    (VS, to_a("headers: {request: {add: {a: '%NOPE%'}}}"), "invalid-header-value", None, "NOPE"),
    (VS, to_a("headers: {request: {add: {a: '%REQ%'}}}"), "invalid-header-value", None, "REQ(x"),
    (
        VS,
        to_a("headers: {response: {add: {a: '%PROTOCOL(1)%'}}}"),
        "invalid-header-value",
        None,
        "neither parentheses",
    ),
    (
        VS,
        to_a("headers: {response: {add: {a: '%DURATION:3%'}}}"),
        "invalid-header-value",
        None,
        "nor a length",
    ),
    (VS, to_a('headers: {request: {add: {a: "x\\ny"}}}'), "invalid-header-value", None, "one line"),
]


@pytest.mark.parametrize("case", CASES, ids=itemgetter(2))
def test_a_bad_value_is_told_so_that_it_can_be_mended(read_spec, case):
    assert_told(read_spec, case)
