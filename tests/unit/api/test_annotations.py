"""The fields of dynamic subsets as annotations."""

from __future__ import annotations

import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from straightway.api import parse
from straightway.api.annotations import DYNAMIC_SUBSET, DYNAMIC_SUBSET_KEYS, written_path
from straightway.documents import Document, Origin

SUBSET = {"subsetSelectors": [{"keys": ["model"], "fallbackPolicy": "ANY_ENDPOINT"}]}
KEYS = [{"header": "x-model", "key": "model"}]
TO_A = [{"destination": {"host": "a"}}]
AT_SUBSET = f'metadata.annotations["{DYNAMIC_SUBSET}"]'
AT_KEYS = f'metadata.annotations["{DYNAMIC_SUBSET_KEYS}"]'


def body(kind, spec, **annotations):
    """An object; `subset` and `keys` are the annotations, as text or as data."""
    names = {"subset": DYNAMIC_SUBSET, "keys": DYNAMIC_SUBSET_KEYS}
    texts = {
        names[name]: value if isinstance(value, str) else json.dumps(value)
        for name, value in annotations.items()
    }
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": kind,
        "metadata": {"name": "checkout", "namespace": "shop", "annotations": texts},
        "spec": spec,
    }


def rule(policy=None, **annotations):
    spec = {"host": "a", **({} if policy is None else {"trafficPolicy": policy})}
    return body("DestinationRule", spec, **annotations)


def routes(*http, **annotations):
    return body("VirtualService", {"hosts": ["a.com"], "http": list(http)}, **annotations)


def told(parsed):
    return [(each.code, each.path) for each in parsed.problems]


@pytest.mark.parametrize("policy", [None, {}, {"loadBalancer": {}}, {"loadBalancer": None}])
@pytest.mark.parametrize("write", [json.dumps, yaml.safe_dump])
def test_an_annotation_is_read_as_the_field(read, policy, write):
    annotated = read(rule(policy, subset=write(SUBSET)))
    written = read(rule({"loadBalancer": {"dynamicSubset": SUBSET}}))

    assert annotated.problems == ()
    assert annotated.object.spec == written.object.spec


def test_the_rest_of_the_policy_stays(read):
    policy = {"loadBalancer": {"simple": "RANDOM"}, "connectionPool": {"tcp": {}}}

    balancer = read(rule(policy, subset=SUBSET)).object.spec.traffic_policy.load_balancer

    assert (balancer.simple, balancer.dynamic_subset.keys) == ("RANDOM", {"model"})


def test_a_list_is_for_every_route(read):
    parsed = read(routes({"name": "x", "route": TO_A}, {"route": TO_A}, keys=KEYS))

    assert parsed.problems == ()
    assert [len(each.header_to_dynamic_subset_key) for each in parsed.object.spec.http] == [1, 1]


def test_a_mapping_is_by_the_names_of_routes_and_a_star_for_all_others(read):
    by_name = {"x": KEYS, "*": [{"header": "x-other", "key": "model"}]}
    named = [{"name": name, "route": TO_A} for name in ("w", "x")]

    parsed = read(routes(*named, {"route": TO_A}, keys=by_name))

    headers = [each.header_to_dynamic_subset_key[0].header for each in parsed.object.spec.http]
    assert headers == ["x-other", "x-model", "x-other"]


def test_routes_that_are_not_named_have_no_mapping_without_a_star(read):
    parsed = read(routes({"name": "x", "route": TO_A}, {"route": TO_A}, keys={"x": KEYS}))

    assert [len(each.header_to_dynamic_subset_key) for each in parsed.object.spec.http] == [1, 0]


SOURCES = [{"key": "model", "from": [{"path": "/m/{}"}]}, {"key": "stage", "preset": "openai"}]


def test_a_list_may_have_entries_of_both_forms(read):
    parsed = read(routes({"route": TO_A}, keys=[SOURCES[0], *KEYS, SOURCES[1]]))
    (route,) = parsed.object.spec.http

    assert told(parsed) == [("subset-key-mapped-twice", f"{AT_KEYS}[0].key")]
    assert [each.header for each in route.header_to_dynamic_subset_key] == ["x-model"]
    assert [each.key for each in route.dynamic_subset_keys] == ["model", "stage"]


def test_an_annotation_conflicts_only_with_the_field_of_its_form(read):
    other = {"route": TO_A, "headerToDynamicSubsetKey": KEYS}
    same = {"route": TO_A, "dynamicSubsetKeys": SOURCES}

    assert read(routes(other, keys=SOURCES[1:])).problems == ()
    assert told(read(routes(same, keys=SOURCES[1:]))) == [("conflicting-fields", AT_KEYS)]


BAD = [
    (
        routes({"route": TO_A}, keys=[*KEYS, {"key": "a", "from": [{"path": "/m"}]}]),
        "invalid-path",
        f"{AT_KEYS}[1].from[0].path",
        "write {} where the value is",
    ),
    (routes({"route": TO_A}, keys=SOURCES[1]), "wrong-type", AT_KEYS, 'begin each item with "- "'),
    (rule(subset="{"), "invalid-value", AT_SUBSET, "neither YAML nor JSON"),
    (rule(subset="a: 1\na: 2"), "invalid-value", AT_SUBSET, "written twice"),
    (rule(subset=""), "empty-field", AT_SUBSET, "remove the annotation"),
    (rule(subset="all"), "wrong-type", AT_SUBSET, "must be a mapping"),
    (rule(subset={}), "no-selectors", f"{AT_SUBSET}.subsetSelectors", "add one"),
    (
        rule(subset={"subsetSelectors": [{"keys": ["a"], "fallbackPolicy": "NEVER"}]}),
        "unknown-fallback-policy",
        f"{AT_SUBSET}.subsetSelectors[0].fallbackPolicy",
        "ANY_ENDPOINT",
    ),
    (
        rule(subset={"subsetSelector": []}),
        "unknown-field",
        f"{AT_SUBSET}.subsetSelector",
        "did you mean subsetSelectors?",
    ),
    (rule(subset="x" * 40_000), "object-too-large", AT_SUBSET, "32,768"),
    (rule(subset=f"{'[' * 500}{']' * 500}"), "invalid-value", AT_SUBSET, ""),
    (rule(subset="a: &a [1]\nb: [*a, *a]"), "unknown-field", f"{AT_SUBSET}.a", "no field"),
    (rule(keys=KEYS), "unknown-field", AT_KEYS, f"did you mean {DYNAMIC_SUBSET}?"),
    (
        routes({"route": TO_A}, subset=SUBSET),
        "unknown-field",
        AT_SUBSET,
        f"did you mean {DYNAMIC_SUBSET_KEYS}?",
    ),
    (
        rule(
            {"loadBalancer": {"dynamicSubset": {"subsetSelectors": [{"keys": ["b"]}]}}},
            subset=SUBSET,
        ),
        "conflicting-fields",
        AT_SUBSET,
        "make them equal",
    ),
    (
        routes(
            {"route": TO_A, "headerToDynamicSubsetKey": [{"header": "b", "key": "c"}]}, keys=KEYS
        ),
        "conflicting-fields",
        AT_KEYS,
        "make them equal",
    ),
    (routes({"route": TO_A}, keys={"x": KEYS}), "unknown-value", f"{AT_KEYS}.x", 'write "*"'),
    (routes({"route": TO_A}, keys=KEYS[0]), "wrong-type", AT_KEYS, 'begin each item with "- "'),
    (
        routes({"name": "x", "route": TO_A}, keys={"x": [{"header": "a b", "key": "c"}]}),
        "invalid-header-name",
        f"{AT_KEYS}.x[0].header",
        "letters",
    ),
    (
        rule({"loadBalancer": {"simple": "PASSTHROUGH"}}, subset=SUBSET),
        "conflicting-fields",
        "spec.trafficPolicy.loadBalancer.simple",
        "PASSTHROUGH",
    ),
]


@pytest.mark.parametrize(("bad", "code", "path", "words"), BAD)
def test_a_mistake_has_the_path_of_the_annotation(read, bad, code, path, words):
    parsed = read(bad)

    assert parsed.object is None
    assert (code, path) in told(parsed)
    assert words in parsed.problems[0].message


def test_an_equal_field_beside_the_annotation_is_no_problem(read):
    parsed = read(rule({"loadBalancer": {"dynamicSubset": SUBSET}}, subset=SUBSET))

    assert parsed.problems == ()
    assert parsed.object.spec.traffic_policy.load_balancer.dynamic_subset.keys == {"model"}


def test_a_mistake_for_many_routes_is_one_problem(read):
    keys = [{"header": "a b", "key": "c"}]

    parsed = read(routes(*[{"route": TO_A}] * 300, keys=keys))

    assert told(parsed) == [("invalid-header-name", f"{AT_KEYS}[0].header")]


def test_a_warning_of_an_annotation_leaves_every_route_its_mapping(read):
    parsed = read(routes(*[{"route": TO_A}] * 3, keys=[*KEYS, *KEYS]))

    assert told(parsed) == [("subset-key-mapped-twice", f"{AT_KEYS}[1].key")]
    assert all(len(each.header_to_dynamic_subset_key) == 2 for each in parsed.object.spec.http)


def test_the_lines_of_mistakes_are_those_of_the_annotation(read):
    parsed = read(rule(subset={"subsetSelectors": [{"keys": []}]}))

    assert parsed.problems[0].origin == (
        f"file.yaml:metadata/annotations/{DYNAMIC_SUBSET}/subsetSelectors/0/keys"
    )


def test_paths_of_an_accepted_object_lead_to_the_annotation(read):
    source = routes({"name": "x", "route": TO_A}, {"route": TO_A}, keys={"x": KEYS})
    item = read(source).object
    path = ("spec", "http", 0, "headerToDynamicSubsetKey", 0, "key")

    assert written_path(item, source, path) == (
        *("metadata", "annotations", DYNAMIC_SUBSET_KEYS, "x", 0, "key"),
    )
    other = ("spec", "http", 1, "route")
    assert written_path(item, source, other) == other


@pytest.mark.parametrize(
    "spec", [None, [], "a", {"trafficPolicy": []}, {"http": {}}, {"http": [1]}]
)
@pytest.mark.parametrize("kind", ["DestinationRule", "VirtualService"])
def test_a_spec_that_has_no_place_for_it_is_reported_as_ever(read, kind, spec):
    annotation = {"subset": SUBSET} if kind == "DestinationRule" else {"keys": KEYS}

    parsed = read(body(kind, spec, **annotation))

    assert parsed.object is None
    assert parsed.problems


_plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["header", "key", "x", "*", "subsetSelectors", "keys"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)


class Anywhere(Origin):
    def at(self, path: tuple[str | int, ...] = ()) -> str:
        return "file.yaml"


@given(value=_plain | st.text(max_size=20), kind=st.sampled_from(["rule", "routes"]))
def test_no_annotation_raises(value, kind):
    source = (
        rule(subset=value)
        if kind == "rule"
        else routes({"name": "x", "route": TO_A}, {"route": TO_A}, keys=value)
    )

    parsed = parse(Document(source, Anywhere()))

    assert (parsed.object is None) == any(each.is_error for each in parsed.problems)
