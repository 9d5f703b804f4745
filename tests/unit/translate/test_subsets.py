"""Dynamic subsets: how clusters divide their endpoints, and what requests ask for."""

from __future__ import annotations

import pytest
from envoy.config.cluster.v3 import cluster_pb2
from google.protobuf import json_format

from straightway.routing.policies import Fallback, Selector, Subsets
from straightway.translate.subsets import lb_subset_config

SubsetConfig = cluster_pb2.Cluster.LbSubsetConfig


def test_selectors_keep_their_own_policy_the_shorter_ones_first():
    subsets = Subsets(
        (Selector(("stage", "version"), Fallback.ANY_ENDPOINT), Selector(("model",))),
    )

    assert json_format.MessageToDict(
        lb_subset_config(subsets), preserving_proto_field_name=True
    ) == {
        "fallback_policy": "ANY_ENDPOINT",
        "list_as_any": True,
        "subset_selectors": [
            {"keys": ["model"], "fallback_policy": "NO_FALLBACK"},
            {"keys": ["stage", "version"], "fallback_policy": "ANY_ENDPOINT"},
        ],
    }


@pytest.mark.parametrize("fallback", list(Fallback))
def test_every_policy_holds_at_both_levels(fallback):
    subsets = Subsets((Selector(("model",), fallback),), fallback, (("tier", "spare"),))
    config = lb_subset_config(subsets)
    (selector,) = config.subset_selectors

    assert SubsetConfig.LbSubsetFallbackPolicy.Name(config.fallback_policy) == fallback
    names = SubsetConfig.LbSubsetSelector.LbSubsetSelectorFallbackPolicy
    assert names.Name(selector.fallback_policy) == fallback
    assert dict(config.default_subset) == {"tier": "spare"}
