"""The table of what a change costs."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from bench.change import MEASUREMENTS, row_numbers
from bench.change_rows import Row, rows_table
from bench.figures import Figure


def test_a_row_shows_its_figures_target() -> None:
    row = Row(1, Figure("CPU", 143.4, "ms", 6.0), "143 ms")
    assert (row.value, row.limit) == ("143 ms", "≤ 6 ms")


def test_a_target_in_words_stands_for_the_number() -> None:
    assert Row(4, Figure("time", 30.0, "ms", 47.6), target="≤ 2 * quiet").limit == "≤ 2 * quiet"


def test_a_row_that_only_explains_has_no_target() -> None:
    row = Row(4, Figure("quiet", 23.8, "ms"))
    assert (row.limit, row.figure.verdict.plain) == ("", "")


def test_what_was_not_measured_to_its_end_is_marked() -> None:
    assert Row(6, Figure("CPU", 124.0, "s", 0.5), about="~").value == "~124 s"


def test_the_table_numbers_the_first_of_several_figures_only() -> None:
    rows = [
        Row(4, Figure("beside config", 1090.0, "ms", 47.6), "544 ms", "≤ 2 * quiet"),
        Row(4, Figure("quiet", 23.8, "ms"), "15 ms"),
        Row(13, Figure("cold start", 1.9, "s", 2.0), "2.3 s"),
    ]
    stream = io.StringIO()
    Console(file=stream, width=100).print(rows_table(rows, "title", "caption"))
    lines = [" ".join(line.split()) for line in stream.getvalue().splitlines()]
    assert "4 beside config 544 ms 1,090 ms ≤ 2 * quiet MISS" in lines
    assert "quiet 15 ms 23.8 ms" in lines
    assert "13 cold start 2.3 s 1.90 s ≤ 2 s PASS" in lines


def test_every_row_of_the_table_is_measured() -> None:
    assert list(MEASUREMENTS) == list(range(1, 14))


@pytest.mark.parametrize(
    ("text", "numbers"), [("1", {1}), ("1,4", {1, 4}), ("13, 2", {2, 13}), ("5,5", {5})]
)
def test_single_rows_are_chosen_by_number(text: str, numbers: set[int]) -> None:
    assert row_numbers(text) == numbers


@pytest.mark.parametrize("text", ["", "0", "14", "1,", "one", "1-3", "-1", "²"])
def test_what_is_no_number_of_a_row_is_refused_with_the_range(text: str) -> None:
    with pytest.raises(ValueError, match="from 1 to 13"):
        row_numbers(text)
