"""The table, the histogram and the verdict say what was measured."""

import io

import pytest
from rich.console import Console

from demo import report
from demo.load import Outcome
from demo.report import Phase


def phase(name="before", *milliseconds, rerouted=0, failed=0):
    outcomes = [
        Outcome("tf-mnist", ms / 1000, "runtime-1", rerouted=index < rerouted)
        for index, ms in enumerate(milliseconds)
    ]
    outcomes += [Outcome("tf-mnist", 0.001, failure="HTTP 503: no") for _ in range(failed)]
    return Phase(name, tuple(outcomes))


def printed(part):
    written = io.StringIO()
    Console(file=written, width=80).print(part)
    return written.getvalue()


def cells(text, label):
    [line] = [line for line in text.splitlines() if line.startswith(f"│ {label}")]
    return [cell.strip() for cell in line.replace("┃", "│").split("│")[2:-1]]


def test_the_table_has_every_figure_of_every_phase():
    text = printed(
        report.table([phase("before", *range(1, 101), rerouted=75), phase("after", 2, 2, failed=2)])
    )
    assert cells(text, "requests") == ["100", "4"]
    assert cells(text, "failures") == ["0", "2"]
    assert cells(text, "rerouted") == ["75.0%", "0.0%"]
    assert cells(text, "p50") == ["50.0 ms", "1.0 ms"]
    assert cells(text, "p90") == ["90.0 ms", "2.0 ms"]
    assert cells(text, "p99") == ["99.0 ms", "2.0 ms"]
    assert cells(text, "max") == ["100.0 ms", "2.0 ms"]


def test_the_histogram_shows_shares_side_by_side_and_no_empty_ends():
    text = printed(report.histogram([phase("before", 3.1, 3.2, 7, 3000), phase("after", 3.1)]))
    lines = [line.split() for line in text.splitlines()[2:]]
    assert lines[0] == ["3", "to", "4", "█" * 8, "50%", "█" * 16, "100%"]
    assert lines[-1] == ["100", "and", "more", "█" * 4, "25%"]
    assert [line[0] for line in lines] == [
        "3",
        "4",
        "5",
        "6",
        "8",
        "10",
        "15",
        "20",
        "30",
        "50",
        "100",
    ]


def test_a_single_slow_request_among_many_is_seen():
    text = printed(report.histogram([phase("before", *[3] * 999, 60)], bar="#"))
    assert "50 to 100  # <1%" in text


def test_a_phase_without_requests_breaks_nothing_and_proves_nothing():
    assert not phase().is_direct
    assert "nan" in printed(report.table([phase()]))
    printed(report.histogram([phase()]))


def test_a_kept_promise_is_reported_with_what_it_gained():
    text = printed(
        report.verdict(phase("b", 4, 4, rerouted=1), phase("a", 3), phase("m", 3), changes=9)
    )
    words = " ".join(text.split())
    assert "50% of the requests took a second hop before, none after" in words
    assert "p50 25% lower" in words
    assert "none failed during 9 model loads and unloads" in words


@pytest.mark.parametrize(
    ("after", "moving", "words"),
    [
        (phase("a", 3, rerouted=1), phase("m", 3), "after, 1 requests were rerouted and 0 failed"),
        (phase("a", 3), phase("m", 3, failed=2), "moved, 0 were rerouted and 2 failed"),
    ],
)
def test_a_broken_promise_is_reported_with_its_figures(after, moving, words):
    text = printed(report.verdict(phase("b", 4), after, moving, changes=1))
    assert "Not straight to the model" in text
    assert words in " ".join(text.split())


def test_the_first_failures_are_reported_in_words():
    assert report.failures([phase("after", failed=9)], most=2) == [
        "after: tf-mnist: HTTP 503: no",
        "after: tf-mnist: HTTP 503: no",
    ]
