from __future__ import annotations

import pytest

from straightway.api.dynamic_subset import FallbackPolicy


@pytest.fixture
def read_subset(read_spec):
    def parsed(text: str):
        spec = "{host: a, trafficPolicy: {loadBalancer: {dynamicSubset: {" + text + "}}}}"
        return read_spec("DestinationRule", spec)

    return parsed


def found(parsed):
    prefix = "spec.trafficPolicy.loadBalancer.dynamicSubset."
    return [(each.path.removeprefix(prefix), each.code) for each in parsed.problems]


def test_no_selectors_is_an_error(read_subset):
    assert found(read_subset("")) == [("subsetSelectors", "no-selectors")]


def test_empty_keys_are_an_error(read_subset):
    parsed = read_subset("subsetSelectors: [{keys: []}, {fallbackPolicy: ANY_ENDPOINT}]")

    assert found(parsed) == [
        ("subsetSelectors[0].keys", "no-subset-keys"),
        ("subsetSelectors[1].keys", "no-subset-keys"),
    ]


def test_an_empty_key_is_an_error(read_subset):
    parsed = read_subset("subsetSelectors: [{keys: [a, '']}]")

    assert found(parsed) == [("subsetSelectors[0].keys[1]", "empty-subset-key")]


def test_a_key_named_twice_is_an_error(read_subset):
    parsed = read_subset("subsetSelectors: [{keys: [a, b, a]}]")

    assert found(parsed) == [("subsetSelectors[0].keys[2]", "duplicate-subset-key")]


def test_two_selectors_with_the_same_keys_are_an_error(read_subset):
    parsed = read_subset("subsetSelectors: [{keys: [a, b]}, {keys: [a]}, {keys: [b, a]}]")

    assert found(parsed) == [("subsetSelectors[2].keys", "duplicate-selector")]


def test_an_unknown_fallback_policy_is_an_error_that_names_the_three(read_subset):
    parsed = read_subset("subsetSelectors: [{keys: [a], fallbackPolicy: ANY}]")

    assert found(parsed) == [("subsetSelectors[0].fallbackPolicy", "unknown-fallback-policy")]
    assert all(policy in parsed.problems[0].message for policy in FallbackPolicy)


@pytest.mark.parametrize(
    "text",
    [
        "subsetSelectors: [{keys: [a], fallbackPolicy: DEFAULT_SUBSET}]",
        "fallbackPolicy: DEFAULT_SUBSET, subsetSelectors: [{keys: [a]}]",
        "defaultSubset: {}, subsetSelectors: [{keys: [a], fallbackPolicy: DEFAULT_SUBSET}]",
    ],
)
def test_default_subset_needs_to_be_named(read_subset, text):
    assert found(read_subset(text)) == [("defaultSubset", "default-subset-missing")]


def test_default_subset_with_its_labels_is_accepted(read_subset):
    parsed = read_subset(
        "fallbackPolicy: DEFAULT_SUBSET, defaultSubset: {version: v1}, "
        "subsetSelectors: [{keys: [a]}]"
    )

    assert parsed.problems == ()
    subset = parsed.object.spec.traffic_policy.load_balancer.dynamic_subset
    assert subset.default_subset == {"version": "v1"}
    assert subset.fallback_policy is FallbackPolicy.DEFAULT_SUBSET


def test_all_of_them_come_at_once(read_subset):
    parsed = read_subset(
        "subsetSelectors: [{keys: []}, {keys: [a, a, ''], fallbackPolicy: NONE}, "
        "{keys: [b], fallbackPolicy: DEFAULT_SUBSET}, {keys: [b]}]"
    )

    assert {code for _, code in found(parsed)} == {
        "default-subset-missing",
        "duplicate-selector",
        "duplicate-subset-key",
        "empty-subset-key",
        "no-subset-keys",
        "unknown-fallback-policy",
    }


@pytest.mark.parametrize("beside", ["simple: RANDOM", "consistentHash: {useSourceIp: true}"])
def test_it_stands_beside_either_kind_of_load_balancing(read_spec, beside):
    subset = "dynamicSubset: {subsetSelectors: [{keys: [a]}]}"
    spec = "{host: a, trafficPolicy: {loadBalancer: {" + beside + ", " + subset + "}}}"

    assert read_spec("DestinationRule", spec).problems == ()
