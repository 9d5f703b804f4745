"""What workloads hold."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from straightway.catalog.holdings import subset_values


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
def test_all_three_ways_to_write_them_are_united(labels, annotations, values):
    assert subset_values("model", labels, annotations) == values


def test_a_key_with_slashes_and_dots_is_like_any_other():
    key = "modelmesh.example.com/model"

    assert subset_values(key, {key: "a", f"{key}/b": "true"}, {key: "c"}) == ("a", "b", "c")


@pytest.mark.parametrize("text", ['["\\ud800"]', "[" * 100_000, "[" + "9" * 5_000 + "]"])
def test_invalid_text_is_harmless(text):
    for value in subset_values("model", {}, {"model": text}):
        value.encode()


@given(st.text(), st.text())
def test_any_annotation_gives_texts_that_can_be_sent(label, annotation):
    values = subset_values("model", {"model": label}, {"model": annotation})

    assert "" not in values
    assert list(values) == sorted(set(values))


def test_what_was_observed_is_the_fourth_way():
    labels = {"model": "a", "model/b": "true"}

    found = subset_values("model", labels, {"model": "c,a"}, observed=["d", "a", ""])

    assert found == ("a", "b", "c", "d")
    assert subset_values("model", {}, {}, observed=["b", "a"]) == ("a", "b")
