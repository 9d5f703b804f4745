"""Dynamic subsets: how endpoints are grouped, and which subset a request selects.

A policy's subsets become the cluster's ``lb_subset_config``, the values of endpoints become their
metadata (``endpoints``), and a rule's subset keys become request metadata (``subset_keys``). Envoy
compares the last two.
https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/load_balancing/subsets
"""

from __future__ import annotations

from typing import TypeAlias

from envoy.config.cluster.v3 import cluster_pb2

from straightway.routing.policies import Fallback, Subsets

METADATA_NAMESPACE = "envoy.lb"

_SubsetConfig: TypeAlias = cluster_pb2.Cluster.LbSubsetConfig
_Selector: TypeAlias = cluster_pb2.Cluster.LbSubsetConfig.LbSubsetSelector
_TOP_LEVEL_POLICY = {
    Fallback.NO_FALLBACK: _SubsetConfig.NO_FALLBACK,
    Fallback.ANY_ENDPOINT: _SubsetConfig.ANY_ENDPOINT,
    Fallback.DEFAULT_SUBSET: _SubsetConfig.DEFAULT_SUBSET,
}
_SELECTOR_POLICY = {
    Fallback.NO_FALLBACK: _Selector.NO_FALLBACK,
    Fallback.ANY_ENDPOINT: _Selector.ANY_ENDPOINT,
    Fallback.DEFAULT_SUBSET: _Selector.DEFAULT_SUBSET,
}


def lb_subset_config(subsets: Subsets) -> _SubsetConfig:
    """Return ``Cluster.lb_subset_config``."""
    config = _SubsetConfig(
        fallback_policy=_TOP_LEVEL_POLICY[subsets.fallback],
        # A runtime's models are a list; this puts the endpoint into the subset of each.
        list_as_any=True,
    )
    # Short selectors first: Envoy ignores a selector's own policy if its sorted keys are a prefix
    # of those of an earlier selector (`initSubsetSelectorMap`, as of 1.40).
    for selector in sorted(subsets.selectors, key=lambda each: len(each.keys)):
        policy = _SELECTOR_POLICY[selector.fallback]
        config.subset_selectors.add(keys=selector.keys, fallback_policy=policy)
    if subsets.default:
        config.default_subset.update(dict(subsets.default))
    return config
