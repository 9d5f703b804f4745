"""The figures of the benchmarks, and the table that compares them with their targets."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from bench.figures import Figure, percentile, table


@pytest.mark.parametrize(("share", "value"), [(0.5, 50.0), (0.9, 90.0), (0.99, 99.0), (1.0, 100.0)])
def test_a_percentile_is_the_least_value_that_so_many_do_not_exceed(
    share: float, value: float
) -> None:
    assert percentile([float(number) for number in range(100, 0, -1)], share) == value


def test_of_one_value_every_percentile_is_that_value() -> None:
    assert {percentile([7.0], share) for share in (0.0, 0.5, 0.99, 1.0)} == {7.0}


@pytest.mark.parametrize(("value", "verdict"), [(3.0, "PASS"), (3.01, "MISS")])
def test_a_figure_passes_up_to_its_target(value: float, verdict: str) -> None:
    assert Figure("time", value, "s", 3.0).verdict.plain == verdict


def test_a_figure_without_a_target_is_not_judged() -> None:
    assert Figure("time", 9.0, "s").verdict.plain == ""


def test_a_piped_table_is_plain_text() -> None:
    stream = io.StringIO()
    parts = {"part": [Figure("time", 2.5, "s", 3.0)]}
    Console(file=stream, width=80).print(table("title", parts, "caption"))
    assert "\x1b" not in stream.getvalue()
    for text in ("title", "part", "time", "2.50 s", "≤ 3 s", "PASS", "caption"):
        assert text in stream.getvalue()
