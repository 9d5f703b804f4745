"""What messages and paths repeat of somebody's file is short, on one line, and printable."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from straightway.api.paths import path_text
from straightway.api.texts import LONGEST, clipped, one_of, quoted, shown

anything = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.integers(20_000, 40_000).map(lambda bits: 1 << bits),
        st.floats(),
        st.dates(),
        st.datetimes(),
        st.binary(),
        # Surrogates, too: "\ud800" is legal YAML.
        st.text(st.characters(), max_size=300),
    ),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner)),
    max_leaves=5,
)


@given(anything)
def test_any_value_is_shown_in_a_few_printable_characters(value):
    assert shown(value).isprintable()
    assert len(shown(value)) <= LONGEST
    quoted(value).encode()


@given(st.lists(st.one_of(st.text(st.characters(), max_size=300), st.integers(0, 99)), max_size=9))
def test_any_path_is_written_in_a_few_printable_characters(path):
    text = path_text(tuple(path))

    assert text.isprintable()
    assert len(text) <= len(path) * (LONGEST + len('[""]'))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a", '"a"'),
        ("a" * 80, f'"{"a" * 80}"'),
        ("a" * 81, f'"{"a" * 77}…"'),
        ("a\nb\x1b[31m\xa0\ud800", r'"a\nb\x1b[31m\xa0\ud800"'),
        ("é", '"é"'),
        (True, '"true"'),
        (None, '"null"'),
        (1.5, '"1.5"'),
        (-7, '"-7"'),
        (10**76, f'"{10**76}"'),
        (1 << 256, '"a very large number"'),
        (date(2024, 1, 2), '"2024-01-02"'),
        (datetime(2024, 1, 2, 3, tzinfo=UTC), '"2024-01-02T03:00:00+00:00"'),
        (b"\x00", '"binary data"'),
        ({"a": 1}, "a mapping"),
        ([1], "a list"),
        ((1,), "a list"),
        ({1}, "a list"),
    ],
)
def test_a_value_is_shown_as_its_author_knows_it(value, text):
    assert quoted(value) == text


def test_what_is_too_long_ends_in_an_ellipsis():
    assert clipped("abcdef", 5) == "ab…"
    assert clipped("abcde", 5) == "abcde"


def test_words_are_listed_with_or_before_the_last():
    assert one_of("a") == "a"
    assert one_of("a", "b", "c") == "a, b or c"


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (("spec", "http", 0, "match"), "spec.http[0].match"),
        (("labels", "a.b/c"), 'labels["a.b/c"]'),
        (("labels", "x" * 90), f'labels["{"x" * 77}…"]'),
        (("labels", "a\nb"), r'labels["a\nb"]'),
        ((), ""),
    ],
)
def test_a_path_is_written_as_people_write_it(path, text):
    assert path_text(path) == text
