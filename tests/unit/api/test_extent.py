"""What an object may hold is bounded before anything else looks at it."""

from __future__ import annotations

import json
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from straightway.api.extent import DEEPEST, MOST_TEXT, MOST_VALUES, excess

plain = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(st.characters())),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner)),
    max_leaves=10,
)


@given(plain)
def test_small_objects_are_accepted_whatever_they_hold(body):
    assert excess(body) is None


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"a": "x" * (MOST_TEXT - 1)}, None),
        ({"a": "x" * MOST_TEXT}, "1,572,864 characters"),
        ({"x" * MOST_TEXT: 1}, None),
        ({"x" * (MOST_TEXT + 1): 1}, "1,572,864 characters"),
        ([[]] * MOST_VALUES, None),
        ([[]] * (MOST_VALUES + 1), "100,000 values"),
        (dict.fromkeys(range(MOST_VALUES + 1)), "100,000 values"),
        ([[0] * (MOST_VALUES // 2)] * 2, "100,000 values"),
        ({0: set(range(MOST_VALUES))}, "100,000 values"),
        ((1,) * (MOST_VALUES + 1), "100,000 values"),
        (MappingProxyType({"a": "x" * MOST_TEXT}), "1,572,864 characters"),
    ],
)
def test_text_and_values_have_a_limit(body, words):
    found = excess(body)

    assert (found is None) if words is None else (words in (found or ""))


def test_an_alias_counts_wherever_it_is_used():
    text = "x" * 512 * 1024

    assert excess([text] * 3) is None
    assert "characters of text" in (excess([text] * 4) or "")


def nested(levels: int) -> object:
    body: object = "leaf"
    for _ in range(levels):
        body = [body]
    return body


def test_nesting_has_a_limit():
    assert excess(nested(DEEPEST)) is None
    assert "64 levels" in (excess(nested(DEEPEST + 1)) or "")
    assert "64 levels" in (excess(nested(10_000)) or "")


def test_what_contains_itself_is_too_deep_or_too_large():
    chain: dict[str, object] = {}
    chain["a"] = chain
    tree: list[object] = []
    tree += [tree, tree]

    assert "levels" in (excess(chain) or "")
    assert "values" in (excess(tree) or "")


def test_what_etcd_takes_is_accepted():
    route = {"name": "r", "route": [{"destination": {"host": "pool", "port": {"number": 80}}}]}
    spec = {"hosts": ["*"], "http": [{**route, "timeout": f"{index}s"} for index in range(10_000)]}

    assert len(json.dumps(spec)) < MOST_TEXT
    assert excess({"spec": spec}) is None


@pytest.mark.parametrize("kind", ["VirtualService", "Gateway", "DestinationRule", "ServiceEntry"])
def test_an_object_that_is_too_large_has_one_problem_and_is_not_looked_at(read, kind):
    body = {
        "apiVersion": "networking.istio.io/v1",
        "kind": kind,
        "metadata": {"name": "a", "namespace": "b"},
        "spec": {"unknown": [0] * MOST_VALUES, "other": 7},
    }

    parsed = read(body)

    (problem,) = parsed.problems
    assert (problem.code, problem.path) == ("object-too-large", "")
    assert problem.subject == f"{kind} b/a"
    assert "split it" in problem.message
    assert parsed.object is None
