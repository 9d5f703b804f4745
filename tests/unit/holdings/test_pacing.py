"""When runtimes are asked: evenly, and after failures soon, but less and less often."""

from __future__ import annotations

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from straightway.holdings.answers import FailureKind
from straightway.holdings.pacing import TICK, Phases, next_turn, on_tick, pause_after
from tests.support.holdings import gaps

TIMES = st.floats(0, 1e6)
INTERVALS = st.floats(0.1, 3600)
PHASES = st.floats(0, 1, exclude_max=True)


@given(PHASES, st.integers(2, 300))
def test_phases_are_spread_evenly_however_many_there_are(first, number):
    phases = Phases(first)
    taken = sorted(phases.take() for _ in range(number))
    widths = [*gaps(taken), 1 + taken[0] - taken[-1]]
    assert max(widths) < 3 / number


@given(TIMES, INTERVALS, PHASES)
def test_the_next_turn_is_within_an_interval(now, interval, phase):
    due = next_turn(now, interval, phase)
    assert now < due <= now + interval * 1.000001 + 1e-6


@given(TIMES, PHASES)
def test_turns_follow_each_other_by_the_interval(now, phase):
    due = next_turn(now, 1.0, phase)
    assert next_turn(due + 0.001, 1.0, phase) == pytest.approx(due + 1.0)


@given(TIMES)
def test_a_tick_is_not_before_its_time_and_soon(when):
    assert when - 1e-6 <= on_tick(when) <= when + TICK + 1e-6


@given(st.sampled_from(FailureKind), st.integers(1, 10_000), INTERVALS, PHASES)
def test_a_pause_is_bounded_whatever_the_interval(kind, failures, interval, chance):
    assert 0 < pause_after(kind, failures, interval, lambda: chance) <= 5.5


@given(st.sampled_from(FailureKind), st.integers(1, 20), INTERVALS, PHASES)
def test_a_refused_connection_is_tried_again_soonest(kind, failures, interval, chance):
    refused = pause_after(FailureKind.REFUSED, failures, interval, lambda: chance)
    assert refused <= pause_after(kind, failures, interval, lambda: chance)


def test_pauses_double_up_to_a_few_seconds():
    def pauses(kind: FailureKind) -> list[float]:
        return [pause_after(kind, failures, 1.0, lambda: 0.5) for failures in range(1, 7)]

    assert pauses(FailureKind.REFUSED) == [0.25, 0.5, 1, 2, 2, 2]
    assert pauses(FailureKind.TIMEOUT) == [1, 2, 4, 5, 5, 5]


def test_pauses_of_many_differ():
    chances = iter(number / 100 for number in range(100))
    chance = partial(next, chances)
    pauses = {pause_after(FailureKind.REFUSED, 9, 1.0, chance) for _ in range(100)}
    assert len(pauses) == 100
    assert max(pauses) - min(pauses) > 0.3
