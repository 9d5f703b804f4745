"""Models are spread and moved so that each is always held, and no runtime holds too many."""

import random
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from demo.moves import next_change, spread

RUNTIMES = ("runtime-1", "runtime-2", "runtime-3", "runtime-4")


def apply(placement, change):
    held = placement[change.runtime]
    changed = held | {change.model} if change.load else held - {change.model}
    assert changed != held
    return {**placement, change.runtime: changed}


def check(placement, models, room):
    assert all(len(held) <= room for held in placement.values())
    assert set().union(*placement.values()) == set(models)


@given(st.integers(1, 3), st.data(), st.randoms(use_true_random=False))
def test_every_model_stays_held_and_no_runtime_gets_too_many(room, data, chooser):
    count = data.draw(st.integers(1, len(RUNTIMES) * room - 1))
    models = [f"model-{number}" for number in range(count)]
    placement = spread(models, RUNTIMES, room)
    check(placement, models, room)
    for _ in range(20):
        placement = apply(placement, next_change(placement, models, room, chooser))
        check(placement, models, room)


def test_in_time_every_model_is_moved():
    models = [f"model-{number}" for number in range(6)]
    placement = first = spread(models, RUNTIMES, 2)
    chooser = random.Random(3)
    left: Counter[str] = Counter()
    for _ in range(200):
        change = next_change(placement, models, 2, chooser)
        placement = apply(placement, change)
        left += Counter() if change.load else Counter([change.model])
    assert set(left) == set(models)
    assert placement != first
