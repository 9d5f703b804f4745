"""Routes of VirtualServices: matches, actions and what they change."""

from __future__ import annotations

from operator import itemgetter

import pytest

from tests.support.bad_specs import VS, H, assert_told, http, match, to_a

CASES = [
    (VS, match("uri: {exact: /a, prefix: /}"), "conflicting-fields", None, "only one of exact"),
    (VS, match("uri: {}"), "missing-field", f"{H}.match[0].uri", "exact, prefix or regex"),
    (VS, match("uri: {prefix: ''}"), "empty-field", f"{H}.match[0].uri.prefix", "everything"),
    (VS, match("method: {exact: ''}"), "empty-field", f"{H}.match[0].method.exact", "text"),
    (VS, match("uri: {prefix: a}"), "never-matches", f"{H}.match[0].uri.prefix", '"/a"'),
    (VS, match("uri: {exact: '/a?b'}"), "never-matches", None, "queryParams"),
    (VS, http("{name: a}"), "no-action", H, "route, redirect or directResponse"),
    (VS, to_a("redirect: {uri: /}"), "several-actions", f"{H}.redirect", "either route or"),
    (VS, to_a("directResponse: {status: 200}"), "several-actions", f"{H}.directResponse", ""),
    (
        VS,
        http("{route: [{destination: {host: a}}, {destination: {host: b}}]}"),
        "no-weight",
        f"{H}.route",
        "give each a weight",
    ),
    (
        VS,
        http("{route: [{destination: {host: a}, weight: -1}]}"),
        "out-of-range",
        f"{H}.route[0].weight",
        "from 0",
    ),
    (VS, to_a("rewrite: {}"), "missing-field", f"{H}.rewrite", "uri or authority"),
    (VS, http("{redirect: {}}"), "missing-field", f"{H}.redirect", "write uri"),
    (VS, http("{redirect: {uri: /, redirectCode: 200}}"), "unknown-value", None, "301, 302"),
    (VS, http("{redirect: {uri: /}, rewrite: {uri: /}}"), "conflicting-fields", None, "redirect"),
    (
        VS,
        http("{directResponse: {status: 200}, rewrite: {uri: /}}"),
        "conflicting-fields",
        f"{H}.rewrite",
        "direct response",
    ),
    (VS, http("{directResponse: {status: 99}}"), "out-of-range", None, "200 to 599"),
    (
        VS,
        http("{directResponse: {status: 200, body: {string: a, bytes: aa==}}}"),
        "conflicting-fields",
        f"{H}.directResponse.body.bytes",
        "either",
    ),
    (VS, http("{directResponse: {status: 200, body: {bytes: '?'}}}"), "invalid-base64", None, ""),
    (
        VS,
        http("{directResponse: {status: 200, body: {string: " + "a" * 4097 + "}}}"),
        "out-of-range",
        f"{H}.directResponse.body",
        "4,096 bytes",
    ),
    (
        VS,
        to_a("retries: {retryOn: '5xx,never'}"),
        "unknown-value",
        f"{H}.retries.retryOn",
        '"never"',
    ),
    (VS, to_a("retries: {attempts: -1}"), "out-of-range", f"{H}.retries.attempts", "from 0"),
    (VS, "{hosts: [a, A], http: [{redirect: {uri: /}}]}", "duplicate-value", None, "twice"),
    (VS, to_a("headers: {request: {add: {Host: a}}}"), "immutable-header", None, "authority"),
    (VS, to_a("headers: {response: {set: {Host: a}}}"), "immutable-header", None, "authority"),
    (VS, to_a("headers: {request: {set: {':path': a}}}"), "immutable-header", None, "rewrite.uri"),
    (
        VS,
        to_a("headers: {request: {remove: [a, ':path']}}"),
        "immutable-header",
        f"{H}.headers.request.remove[1]",
        "rewrite.uri",
    ),
    (
        VS,
        to_a("headerToDynamicSubsetKey: [{header: '', key: a}]"),
        "invalid-header-name",
        f"{H}.headerToDynamicSubsetKey[0].header",
        "",
    ),
    (
        VS,
        to_a("headerToDynamicSubsetKey: [{header: a, key: ''}]"),
        "empty-field",
        f"{H}.headerToDynamicSubsetKey[0].key",
        "subset keys",
    ),
    (
        VS,
        to_a("headerToDynamicSubsetKey: [{header: a, key: k}, {header: b, key: k}]"),
        "subset-key-mapped-twice",
        f"{H}.headerToDynamicSubsetKey[1].key",
        "the last",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=itemgetter(2))
def test_a_bad_route_is_told_so_that_it_can_be_mended(read_spec, case):
    assert_told(read_spec, case)
