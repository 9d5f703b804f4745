"""Fields that do not exist, are missing or empty, or have a value of the wrong type."""

from __future__ import annotations

from operator import itemgetter

import pytest

from tests.support.bad_specs import DR, LB, VS, H, assert_told, lb, match, to_a

CASES = [
    (VS, to_a("timout: 1s"), "unknown-field", f"{H}.timout", "did you mean timeout?"),
    (VS, to_a("direct_response: {}"), "unknown-field", f"{H}.direct_response", "directResponse"),
    (
        VS,
        "{hosts: [a], timeout: 1s, http: [{directResponse: {status: 200}}]}",
        "unknown-field",
        "spec.timeout",
        "belongs in spec.http[]",
    ),
    (VS, "{http: [{directResponse: {status: 200}}]}", "missing-field", "spec.hosts", "add it"),
    (VS, "{hosts: [a]}", "missing-field", "spec", "write http"),
    (VS, "{hosts: [], http: [{directResponse: {status: 200}}]}", "empty-field", "spec.hosts", "*"),
    (VS, to_a("match: "), "empty-field", f"{H}.match", "remove the line"),
    (VS, to_a("match: {uri: {prefix: /}}"), "wrong-type", f"{H}.match", "a list: begin each"),
    (VS, to_a("rewrite: [{uri: /}]"), "wrong-type", f"{H}.rewrite", "not a list"),
    (
        VS,
        to_a("rewrite: /a"),
        "wrong-type",
        f"{H}.rewrite",
        "write uri or authority on indented lines",
    ),
    (VS, match("port: '80'"), "wrong-type", f"{H}.match[0].port", '"80" without the quotes'),
    (VS, match("uri: {exact: 5}"), "wrong-type", f"{H}.match[0].uri.exact", 'quotes, "5"'),
    (VS, match("ignoreUriCase: 'yes'"), "wrong-type", f"{H}.match[0].ignoreUriCase", "true or"),
    (DR, "{host: a, subsets: [{name: v1, labels: {on: true}}]}", "wrong-type", None, ""),
    (
        DR,
        "{host: a, subsets: [{name: v, labels: {a.b/c: true}}]}",
        "wrong-type",
        'spec.subsets[0].labels["a.b/c"]',
        'put it in quotes, "true"',
    ),
    (DR, lb("simple: ROUNDROBIN"), "unknown-value", f"{LB}.simple", "LEAST_REQUEST"),
]


@pytest.mark.parametrize("case", CASES, ids=itemgetter(2))
def test_a_bad_field_is_told_so_that_it_can_be_mended(read_spec, case):
    assert_told(read_spec, case)
