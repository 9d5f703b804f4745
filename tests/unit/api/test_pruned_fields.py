"""Fields that the API server dropped are an error: the object means something else without them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from straightway.api.annotations import DYNAMIC_SUBSET, DYNAMIC_SUBSET_KEYS

SUBSET = {"subsetSelectors": [{"keys": ["model"]}]}
KEYS = [{"header": "x-model", "key": "model"}]
TO_A = [{"destination": {"host": "a"}}]
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
OWNED: dict[str, Any] = {"f:spec": {"f:trafficPolicy": {"f:loadBalancer": {"f:dynamicSubset": {}}}}}
BALANCER = "spec.trafficPolicy.loadBalancer.dynamicSubset"
SOURCES_FIELD = "dynamicSubsetKeys"
SOURCES = [{"key": "model", "preset": "openai"}]
FIELD = "headerToDynamicSubsetKey"


def body(kind, spec, *, applied=None, annotations=None, **metadata):
    annotations = dict(annotations or {})
    if applied is not None:
        annotations[LAST_APPLIED] = applied if isinstance(applied, str) else json.dumps(applied)
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": kind,
        "metadata": {"name": "checkout", **metadata, "annotations": annotations},
        "spec": spec,
    }


def rule(balancer=None, *, subsets=(), **metadata):
    policy = {} if balancer is None else {"trafficPolicy": {"loadBalancer": balancer}}
    spec = {"host": "a", **policy, **({"subsets": subsets} if subsets else {})}
    return body("DestinationRule", spec, **metadata)


def routes(*http, **metadata):
    return body("VirtualService", {"hosts": ["a.com"], "http": list(http)}, **metadata)


def subset(balancer):
    return {"name": "v1", "trafficPolicy": {"loadBalancer": balancer}}


APPLIED_RULE = rule({"dynamicSubset": SUBSET})
APPLIED_ROUTES = routes({"name": "x", "route": TO_A}, {"route": TO_A, FIELD: KEYS})

PRUNED = [
    (rule({}, generation=1), BALANCER),
    (rule({}, applied=APPLIED_RULE), BALANCER),
    (rule({"simple": "RANDOM"}, applied=APPLIED_RULE), BALANCER),
    (rule({"simple": "RANDOM"}, managedFields=[{"fieldsV1": OWNED}]), BALANCER),
    (rule(subsets=[subset({})], generation=1), f"spec.subsets[0].{BALANCER[5:]}"),
    (
        rule(
            subsets=[subset({"simple": "RANDOM"})],
            applied=rule(subsets=[{"name": "v0"}, subset({"dynamicSubset": SUBSET})]),
        ),
        f"spec.subsets[0].{BALANCER[5:]}",
    ),
    (
        routes({"name": "x", "route": TO_A}, {"route": TO_A}, applied=APPLIED_ROUTES),
        f"spec.http[1].{FIELD}",
    ),
    (
        routes({"route": TO_A}, applied=routes({"route": TO_A, SOURCES_FIELD: SOURCES})),
        f"spec.http[0].{SOURCES_FIELD}",
    ),
]


@pytest.mark.parametrize(("stored", "path"), PRUNED)
def test_a_dropped_field_is_an_error_that_says_what_to_do(read, stored, path):
    parsed = read(stored)

    assert parsed.object is None
    [problem] = parsed.problems
    assert (problem.code, problem.path) == ("field-pruned", path)
    assert "straightway crds" in problem.message
    assert DYNAMIC_SUBSET in problem.message


INTACT = [
    rule({"dynamicSubset": SUBSET}, generation=1, applied=APPLIED_RULE),
    # Not from an API server: someone wrote this.
    rule({}),
    rule({"simple": "RANDOM"}, generation=1),
    rule(generation=1),
    rule({"simple": "RANDOM"}, applied=rule({"simple": "RANDOM"})),
    rule({"simple": "RANDOM"}, applied="no JSON with dynamicSubset"),
    rule({"simple": "RANDOM"}, applied='["dynamicSubset"]'),
    rule({"simple": "RANDOM"}, managedFields=[{"fieldsV1": {"f:spec": {}}}, None]),
    rule({}, generation=1, annotations={DYNAMIC_SUBSET: json.dumps(SUBSET)}),
    routes({"route": TO_A, FIELD: KEYS}, applied=APPLIED_ROUTES),
    routes(
        {"route": TO_A},
        applied=routes({"route": TO_A, SOURCES_FIELD: SOURCES}),
        annotations={DYNAMIC_SUBSET_KEYS: json.dumps(SOURCES)},
    ),
    # The routes are others than those applied.
    routes({"name": "y", "route": TO_A}, applied=routes({"name": "x", "route": TO_A, FIELD: KEYS})),
    routes(
        {"route": TO_A},
        applied=routes({"route": TO_A, FIELD: KEYS}),
        annotations={DYNAMIC_SUBSET_KEYS: json.dumps(KEYS)},
    ),
]


@pytest.mark.parametrize("stored", INTACT)
def test_nothing_else_is_taken_for_one(read, stored):
    parsed = read(stored)

    assert parsed.problems == ()
    assert parsed.object is not None


def test_other_problems_of_the_object_are_told_as_well(read):
    stored = rule({}, generation=1)
    stored["spec"]["hots"] = "a"

    assert {each.code for each in read(stored).problems} == {"field-pruned", "unknown-field"}
