"""Figures beside their floors."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from bench.comparison import Comparison, comparison_table


@pytest.mark.parametrize(("measured", "verdict"), [(13.0, "PASS"), (13.1, "MISS")])
def test_a_target_may_be_the_floor_so_many_times(measured: float, verdict: str) -> None:
    comparison = Comparison.times("time", (measured, 10.0), "ms", 1.3)
    assert comparison.measured.verdict.plain == verdict


@pytest.mark.parametrize(("measured", "verdict"), [(70.0, "PASS"), (70.5, "MISS")])
def test_a_target_may_be_so_much_above_the_floor(measured: float, verdict: str) -> None:
    comparison = Comparison.above("memory", (measured, 10.0), "MiB", 60.0)
    assert comparison.measured.verdict.plain == verdict


def test_a_target_may_stand_for_itself() -> None:
    assert Comparison.within("time", (2.0, 0.1), "s", 2.0).measured.verdict.plain == "PASS"


def test_the_table_shows_the_floor_and_the_ratio_where_there_is_one() -> None:
    stream = io.StringIO()
    comparisons = [
        Comparison.times("time", (15.0, 10.0), "ms", 1.3),
        Comparison.within("resources", (0.0, 0.0), "", 0.0),
    ]
    Console(file=stream, width=100).print(comparison_table("title", comparisons, "caption"))
    for text in ("title", "15 ms", "10 ms", "1.50", "≤ floor * 1.3", "MISS", "PASS", "caption"):
        assert text in stream.getvalue()
