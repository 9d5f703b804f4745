"""Lines of a stream: wherever its chunks end, the lines are the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from straightway.kubernetes.lines import Lines, LineTooLongError


@given(st.lists(st.binary(max_size=20).map(lambda line: line.replace(b"\n", b""))), st.data())
def test_lines_do_not_depend_on_where_chunks_end(lines, data):
    text = b"".join(line + b"\n" for line in lines)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)))))
    chunks = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    reader = Lines()
    assert [line for chunk in chunks for line in reader.feed(chunk)] == [
        line for line in lines if line
    ]


def test_a_line_without_its_end_is_not_there_yet():
    reader = Lines()
    assert reader.feed(b'{"a": 1}\n{"b"') == [b'{"a": 1}']
    assert reader.feed(b": 2}") == []
    assert reader.feed(b"\n") == [b'{"b": 2}']


def test_an_endless_line_is_refused():
    reader = Lines(max_line=10)
    assert reader.feed(b"1234567890") == []
    with pytest.raises(LineTooLongError, match="10 bytes"):
        reader.feed(b"1")


def test_many_lines_are_not_one_long_line():
    reader = Lines(max_line=10)
    for _ in range(10):
        assert len(reader.feed(b"12345678\n1")) == 1
