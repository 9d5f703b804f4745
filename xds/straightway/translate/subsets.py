"""Dynamic subsets: which endpoints hold what, and which subset a request asks for.

A DestinationRule's ``dynamicSubset`` becomes the cluster's ``lb_subset_config``, workload labels
become endpoint metadata, and a VirtualService's ``headerToDynamicSubsetKey`` becomes request
metadata. Envoy compares the last two.
https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/load_balancing/subsets
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TypeAlias

from envoy.config.cluster.v3 import cluster_pb2
from envoy.extensions.filters.http.header_to_metadata.v3 import header_to_metadata_pb2

from straightway.api.dynamic_subset import DynamicSubset, FallbackPolicy
from straightway.api.virtual_service import HeaderToDynamicSubsetKey

METADATA_NAMESPACE = "envoy.lb"
FILTER_NAME = "envoy.filters.http.header_to_metadata"

_SubsetConfig: TypeAlias = cluster_pb2.Cluster.LbSubsetConfig
_Selector: TypeAlias = cluster_pb2.Cluster.LbSubsetConfig.LbSubsetSelector
_TOP_LEVEL_POLICY = {
    FallbackPolicy.NO_FALLBACK: _SubsetConfig.NO_FALLBACK,
    FallbackPolicy.ANY_ENDPOINT: _SubsetConfig.ANY_ENDPOINT,
    FallbackPolicy.DEFAULT_SUBSET: _SubsetConfig.DEFAULT_SUBSET,
}
_SELECTOR_POLICY = {
    FallbackPolicy.NO_FALLBACK: _Selector.NO_FALLBACK,
    FallbackPolicy.ANY_ENDPOINT: _Selector.ANY_ENDPOINT,
    FallbackPolicy.DEFAULT_SUBSET: _Selector.DEFAULT_SUBSET,
}


def subset_keys(dynamic_subset: DynamicSubset | None) -> tuple[str, ...]:
    """Return all keys that any selector names, sorted: the metadata that endpoints must carry."""
    if dynamic_subset is None:
        return ()
    return tuple(sorted(dynamic_subset.keys | dynamic_subset.default_subset.keys()))


def lb_subset_config(dynamic_subset: DynamicSubset) -> _SubsetConfig:
    """Return ``Cluster.lb_subset_config``.

    A request that carries none of the keys asks for no subset and may go to any endpoint, unless
    ``dynamicSubset.fallbackPolicy`` says otherwise; so may one whose keys match no selector
    exactly.
    """
    config = _SubsetConfig(
        fallback_policy=_TOP_LEVEL_POLICY[
            dynamic_subset.fallback_policy or FallbackPolicy.ANY_ENDPOINT
        ],
        # A runtime's models are a list; with this, each of them is a subset of its own.
        list_as_any=True,
    )
    # Short selectors first: Envoy ignores a selector's own policy if its sorted keys begin those of
    # a selector that stands before it (`initSubsetSelectorMap`, as of 1.40).
    for selector in sorted(dynamic_subset.subset_selectors, key=lambda each: len(each.keys)):
        policy = _SELECTOR_POLICY[selector.fallback_policy]
        config.subset_selectors.add(keys=sorted(selector.keys), fallback_policy=policy)
    if dynamic_subset.default_subset:
        config.default_subset.update(dict(dynamic_subset.default_subset))
    return config


def subset_values(
    key: str, labels: Mapping[str, str], annotations: Mapping[str, str]
) -> tuple[str, ...]:
    """Return a workload's values for a key, sorted: the union of all three ways to write them.

    The label ``key: value``; labels ``key/value: "true"``; an annotation ``key`` that holds a
    comma-separated or JSON list, for label values have at most 63 characters and no commas.
    """
    values = {labels[key]} if labels.get(key) else set()
    prefix = f"{key}/"
    values.update(
        name.removeprefix(prefix)
        for name, value in labels.items()
        if value == "true" and name.startswith(prefix) and name != prefix
    )
    if key in annotations:
        values.update(listed_values(annotations[key]))
    return tuple(sorted(values - {""}))


def listed_values(text: str) -> Iterator[str]:
    """Yield the values of an annotation: a JSON list of texts and numbers, else comma-separated."""
    items: object = None
    if text.lstrip().startswith("["):
        with suppress(ValueError, RecursionError):
            items = json.loads(text)
    if not isinstance(items, list):
        items = text.split(",")
    for item in items:
        if isinstance(item, str | int | float) and not isinstance(item, bool):
            # What is no Unicode text, such as "\ud800" in JSON, cannot be sent.
            yield str(item).strip().encode(errors="ignore").decode()


def header_rules(
    mappings: Sequence[HeaderToDynamicSubsetKey],
) -> header_to_metadata_pb2.Config:
    """Return a route's own config of the ``header_to_metadata`` filter."""
    config = header_to_metadata_pb2.Config()
    for mapping in mappings:
        rule = config.request_rules.add(header=mapping.header)
        rule.on_header_present.metadata_namespace = METADATA_NAMESPACE
        rule.on_header_present.key = mapping.key
        rule.on_header_present.type = header_to_metadata_pb2.Config.STRING
    return config
