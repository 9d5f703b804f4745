"""Dynamic subsets: what endpoints hold, and what requests ask for."""

from __future__ import annotations

import pytest
from envoy.config.cluster.v3 import cluster_pb2
from google.protobuf import json_format
from hypothesis import given
from hypothesis import strategies as st

from straightway.api.dynamic_subset import DynamicSubset, FallbackPolicy
from straightway.api.virtual_service import HeaderToDynamicSubsetKey
from straightway.translate.subsets import (
    header_rules,
    lb_subset_config,
    subset_keys,
    subset_values,
)

SubsetConfig = cluster_pb2.Cluster.LbSubsetConfig


def parsed(**fields) -> DynamicSubset:
    return DynamicSubset.model_validate(fields)


class TestValues:
    @pytest.mark.parametrize(
        ("labels", "annotations", "values"),
        [
            ({}, {}, ()),
            ({"model": "a"}, {}, ("a",)),
            ({"model": ""}, {}, ()),
            ({"model/a": "true", "model/b": "true"}, {}, ("a", "b")),
            ({"model/a": "false", "model/b": "True", "model/": "true"}, {}, ()),
            ({"models/a": "true", "model.x": "y"}, {}, ()),
            ({}, {"model": "a,b"}, ("a", "b")),
            ({}, {"model": " a , ,b, "}, ("a", "b")),
            ({}, {"model": ""}, ()),
            ({}, {"model": '["a", "b c"]'}, ("a", "b c")),
            ({}, {"model": ' [ "a,b" ] '}, ("a,b",)),
            ({}, {"model": '[1, 2.5, "", null, true, ["x"]]'}, ("1", "2.5")),
            ({}, {"model": "[a, b"}, ("[a", "b")),
            ({}, {"model": '{"a": 1}'}, ('{"a": 1}',)),
            ({"model": "c", "model/a": "true"}, {"model": "b,a"}, ("a", "b", "c")),
        ],
    )
    def test_all_three_ways_to_write_them_are_united(self, labels, annotations, values):
        assert subset_values("model", labels, annotations) == values

    def test_a_key_with_slashes_and_dots_is_like_any_other(self):
        key = "modelmesh.example.com/model"

        assert subset_values(key, {key: "a", f"{key}/b": "true"}, {key: "c"}) == ("a", "b", "c")

    @pytest.mark.parametrize("text", ['["\\ud800"]', "[" * 100_000, "[" + "9" * 5_000 + "]"])
    def test_what_nobody_can_mean_harms_nobody(self, text):
        for value in subset_values("model", {}, {"model": text}):
            value.encode()

    @given(st.text(), st.text())
    def test_any_annotation_gives_texts_that_can_be_sent(self, label, annotation):
        values = subset_values("model", {"model": label}, {"model": annotation})

        assert "" not in values
        assert list(values) == sorted(set(values))


class TestClusters:
    def test_selectors_keep_their_own_policy_the_shorter_ones_first(self):
        config = lb_subset_config(
            parsed(
                subsetSelectors=[
                    {"keys": ["version", "stage"], "fallbackPolicy": "ANY_ENDPOINT"},
                    {"keys": ["model"]},
                ]
            )
        )

        assert json_format.MessageToDict(config, preserving_proto_field_name=True) == {
            "fallback_policy": "ANY_ENDPOINT",
            "list_as_any": True,
            "subset_selectors": [
                {"keys": ["model"], "fallback_policy": "NO_FALLBACK"},
                {"keys": ["stage", "version"], "fallback_policy": "ANY_ENDPOINT"},
            ],
        }

    @pytest.mark.parametrize("policy", list(FallbackPolicy))
    def test_every_policy_holds_at_both_levels(self, policy):
        config = lb_subset_config(
            parsed(
                fallbackPolicy=policy,
                subsetSelectors=[{"keys": ["model"], "fallbackPolicy": policy}],
                defaultSubset={"tier": "spare"},
            )
        )
        (selector,) = config.subset_selectors

        assert SubsetConfig.LbSubsetFallbackPolicy.Name(config.fallback_policy) == policy
        names = SubsetConfig.LbSubsetSelector.LbSubsetSelectorFallbackPolicy
        assert names.Name(selector.fallback_policy) == policy
        assert dict(config.default_subset) == {"tier": "spare"}

    def test_endpoints_carry_the_keys_of_selectors_and_of_the_default_subset(self):
        keys = parsed(
            subsetSelectors=[{"keys": ["b"]}, {"keys": ["a", "b"]}], defaultSubset={"c": "x"}
        )

        assert subset_keys(keys) == ("a", "b", "c")
        assert subset_keys(None) == ()


def test_headers_go_into_the_metadata_that_the_balancer_reads():
    mappings = [
        HeaderToDynamicSubsetKey(header="x-stage", key="stage"),
        HeaderToDynamicSubsetKey(header="x-version", key="version"),
    ]

    rules = header_rules(mappings).request_rules

    assert [(rule.header, rule.on_header_present.key) for rule in rules] == [
        ("x-stage", "stage"),
        ("x-version", "version"),
    ]
    assert {rule.on_header_present.metadata_namespace for rule in rules} == {"envoy.lb"}
    assert not any(rule.remove for rule in rules)
