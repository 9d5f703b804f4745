"""Subset keys of requests: what is wrong with the places where a value may be."""

from __future__ import annotations

import pytest

from tests.support.bad_specs import VS, H, assert_told, to_a

K = f"{H}.dynamicSubsetKeys[0]"


def keys(*entries: str) -> str:
    return to_a(f"dynamicSubsetKeys: [{', '.join(entries)}]")


def source(text: str, more: str = "") -> str:
    return keys("{key: model, from: [{" + text + "}]" + more + "}")


ERRORS = [
    (keys("{key: model}"), "missing-field", K, "from, with sources, or preset: open-inference"),
    (keys("{from: [{header: a}]}"), "missing-field", f"{K}.key", "required"),
    (keys("{key: '', from: [{header: a}]}"), "empty-field", f"{K}.key", "subset keys"),
    (keys("{key: a, preset: tgi}"), "unknown-value", f"{K}.preset", "openai"),
    (keys("{key: a, preset: openai, max: 1}"), "unknown-field", f"{K}.max", "no field"),
    (source(""), "missing-field", f"{K}.from[0]", "pathRegex"),
    (source("header: a, query: b"), "conflicting-fields", f"{K}.from[0].query", "another item"),
    (source("header: a b"), "invalid-header-name", f"{K}.from[0].header", "x-model"),
    (source("path: /v2/models"), "invalid-path", f"{K}.from[0].path", "{} where the value is"),
    (source("path: '/{}/{}'"), "invalid-path", None, "once"),
    (source("path: '/{name}/{}'"), "invalid-path", None, "without a name"),
    (source("path: '{}'"), "invalid-path", None, "slash"),
    (source("path: '/{}?a=b'"), "invalid-path", None, "query"),
    (source("path: '/{}*'"), "invalid-path", None, "between"),
    (source("pathRegex: /a"), "invalid-regex", f"{K}.from[0].pathRegex", "0 groups"),
    (source("pathRegex: '/(a)(b)'"), "invalid-regex", None, "2 groups"),
    (source("pathRegex: '/(a'"), "invalid-regex", None, "RE2"),
    (source(r"pathRegex: '(a)\Qb'"), "invalid-regex", None, "larger expression"),
    (source(f"pathRegex: '({'a{1000}' * 33})'"), "invalid-regex", None, "too large"),
    (source("query: 'a=b'"), "invalid-value", f"{K}.from[0].query", "query parameter"),
    (source("cookie: 'a b'"), "invalid-value", f"{K}.from[0].cookie", "cookie"),
    (source("body: a..b"), "invalid-value", f"{K}.from[0].body", "options.model"),
    (source(f"body: {'a.' * 16}a"), "invalid-value", None, "at most 16"),
    (source("grpcField: model"), "unknown-value", f"{K}.from[0].grpcField", "model_name"),
    (source("header: a", ", values: {a: ''}"), "empty-field", f"{K}.values", "alias"),
    (
        source("body: a", ", maxRequestBodySize: 0"),
        "out-of-range",
        f"{K}.maxRequestBodySize",
        "from 1",
    ),
    (
        keys("{key: a, from: [" + ",".join(["{header: a}"] * 51) + "]}"),
        "object-too-large",
        f"{K}.from",
        "50",
    ),
    (keys(*["{key: a, preset: openai}"] * 51), "object-too-large", None, "50 keys"),
]


@pytest.mark.parametrize(("text", "code", "path", "words"), ERRORS)
def test_a_mistake_is_told_where_it_is(read_spec, text, code, path, words):
    assert_told(read_spec, (VS, text, code, path, words))


WARNINGS = [
    (keys("{key: a, preset: openai}", "{key: a, preset: openai}"), "subset-key-mapped-twice", 1),
    (source("body: model", ", values: {a: b}"), "alias-not-rewritten", 1),
    (source("grpcField: model_name", ", values: {a: b}"), "alias-not-rewritten", 1),
    (source("cookie: model", ", values: {a: b}"), "alias-not-rewritten", 1),
    (source("pathRegex: '/(.*)'", ", values: {a: b}"), "alias-not-rewritten", 1),
    (keys("{key: a, preset: openai, values: {a: b}}"), "alias-not-rewritten", 1),
    (keys("{key: a, preset: open-inference, values: {a: b}}"), "alias-not-rewritten", 1),
    (keys("{key: a, preset: kserve-v1, values: {a: b}}"), "alias-not-rewritten", 0),
    (source("header: a", ", values: {a: b}"), "alias-not-rewritten", 0),
    (source("path: '/{}'", ", values: {a: b}"), "alias-not-rewritten", 0),
    (source("query: a", ", values: {a: b}"), "alias-not-rewritten", 0),
    (source("body: model"), "alias-not-rewritten", 0),
]


@pytest.mark.parametrize(("text", "code", "number"), WARNINGS)
def test_what_only_surprises_is_a_warning(read_spec, text, code, number):
    parsed = read_spec(VS, text)

    assert [each.code for each in parsed.problems] == [code] * number
    assert len(parsed.object.spec.http[0].dynamic_subset_keys) >= 1


def test_what_is_not_written_has_a_default(read_spec):
    (route,) = read_spec(VS, keys("{key: a, preset: openai}")).object.spec.http
    (entry,) = route.dynamic_subset_keys

    assert (entry.from_, entry.values, entry.max_request_body_size) == ((), {}, 32 * 1024 * 1024)
