"""What the demo with real servers counts as straight, and when it says that all was kept."""

from __future__ import annotations

import pytest

from demo.moves import Change
from demo.real.client import Outcome
from demo.real.questions import Question, Way
from demo.real.report import KNOWN_AFTER_SECONDS, Phase, Unload, mistakes, percentile, verdict

UNLOAD = Unload(Change(load=False, model="ridge", runtime="triton-1"), start=10.0, end=10.5)


def outcome(*, model="ridge", start=10.2, attempts=1, failure=""):
    question = Question(model, Way.PATH, b"", 7)
    return Outcome(question, start, 0.01, "mlserver-1", attempts, failure)


def phase(*outcomes, unloads=()):
    return Phase("moving", list(outcomes), unloads=list(unloads))


def test_a_first_attempt_is_straight():
    assert phase(outcome()).is_kept


def test_a_phase_without_requests_shows_nothing():
    assert not phase().is_kept


def test_a_second_attempt_is_astray_while_nothing_moves():
    found = phase(outcome(attempts=2))
    assert len(found.astray) == found.elsewhere == 1
    assert not found.is_kept


@pytest.mark.parametrize("start", [10.0, 10.2, 10.5 + KNOWN_AFTER_SECONDS])
def test_a_second_attempt_is_explained_by_an_unload(start):
    assert phase(outcome(attempts=2, start=start), unloads=[UNLOAD]).is_kept


@pytest.mark.parametrize(
    "other", [{"model": "hinge"}, {"start": 9.9}, {"start": 10.6 + KNOWN_AFTER_SECONDS}]
)
def test_an_unload_explains_no_other_request(other):
    assert not phase(outcome(attempts=2, **other), unloads=[UNLOAD]).is_kept


def test_an_unload_explains_no_failure():
    found = phase(outcome(failure="HTTP 404"), unloads=[UNLOAD])
    assert not found.is_kept
    assert "HTTP 404" in mistakes([found])[0]


def test_the_verdict_tells_what_came_second():
    kept = phase(outcome(), outcome(attempts=2), unloads=[UNLOAD])
    assert (
        "1 came to a runtime" in verdict(phase(outcome(failure="x")), phase(outcome()), kept).plain
    )
    assert "1 went astray" in verdict(phase(outcome()), phase(outcome(attempts=3)), kept).plain


def test_percentiles_are_values_that_occurred():
    assert percentile([3, 1, 2], 0.5) == 2
    assert percentile([3, 1, 2], 1.0) == 3
