from __future__ import annotations

import re
from datetime import timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from straightway.api.durations import parse_duration


@given(
    hours=st.integers(0, 1000),
    minutes=st.integers(0, 59),
    seconds=st.integers(0, 59),
    milliseconds=st.integers(0, 999),
)
def test_every_go_duration_is_read_exactly(hours, minutes, seconds, milliseconds):
    duration = timedelta(hours=hours, minutes=minutes, seconds=seconds, milliseconds=milliseconds)

    assert parse_duration(f"{hours}h{minutes}m{seconds}s{milliseconds}ms") == duration
    assert parse_duration(f"{duration // timedelta(milliseconds=1)}ms") == duration
    assert parse_duration(f"{duration.total_seconds():.3f}s") == duration


@given(st.one_of(st.text(), st.integers(), st.floats(), st.none(), st.booleans(), st.binary()))
def test_anything_else_is_refused_with_an_example(value):
    assume(not isinstance(value, str) or not re.fullmatch(r"0|([0-9.]+(h|ms?|s|[uµ]s))+", value))

    with pytest.raises(PydanticCustomError) as caught:
        parse_duration(value)

    assert caught.value.type == "invalid-duration"
    assert "write" in caught.value.message()


@pytest.mark.parametrize(
    "text", ["1", "1.5", "s", "1S", "1 s", "1d", "-1s", "+1s", "1s ", "", "٣s"]
)
def test_what_looks_like_a_duration_and_is_none_is_refused(text):
    with pytest.raises(PydanticCustomError):
        parse_duration(text)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0", 0), ("0s", 0), (".5s", 0.5), ("1.s", 1), ("100ms", 0.1), ("1h", 3600)],
)
def test_short_forms_are_read(text, seconds):
    assert parse_duration(text) == timedelta(seconds=seconds)
