"""A selector selects what has all its labels, whatever else it has."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from straightway.catalog.labels import selects

labels = st.dictionaries(st.sampled_from("abc"), st.sampled_from("12"))


@given(labels, labels)
def test_what_has_all_its_labels_is_selected(selector: dict[str, str], of: dict[str, str]):
    assert selects(selector.items(), of | selector)
    assert selects(selector.items(), of) == (selector.items() <= of.items())


@given(labels)
def test_an_empty_selector_selects_all(of: dict[str, str]):
    assert selects((), of)
