"""Units are made once, remembered by what they read, and made again when that has changed."""

from __future__ import annotations

from itertools import pairwise

import pytest

from straightway.documents import at_once
from straightway.units import Call, NotMadeError, Reading
from tests.support.cells import Engine


def number(reading: Reading, name: str) -> int:
    return sum(reading.values(name))


def parity(reading: Reading, name: str) -> int:
    return reading.make(number, name) % 2


def twice(reading: Reading, name: str) -> int:
    return 2 * reading.make(parity, name)


def chosen(reading: Reading, switch: str, if_odd: str, if_even: str) -> int:
    return reading.make(number, if_odd if reading.make(parity, switch) else if_even)


def quotient(reading: Reading, above: str, below: str) -> int:
    return reading.make(number, above) // reading.make(number, below)


def half(reading: Reading, above: str, below: str) -> int:
    return reading.make(quotient, above, below) // 2


def quotient_or_none(reading: Reading, above: str, below: str) -> int | None:
    found: int | None = reading.value_or_none(Call(quotient, (above, below)))
    return found


def shifted(reading: Reading, name: str, by: int) -> int:
    found: int = sum(reading.values(name)) + by
    return found


def sum_of_shifted(reading: Reading, name: str, count: int) -> int:
    return sum(reading.make(shifted, name, by) for by in range(count))


def test_a_unit_is_made_once_for_all_that_use_it():
    engine = Engine(a=3)
    engine.units.hold(Call(twice, ("a",)))

    assert engine.made_by(Call(twice, ("a",)), Call(parity, ("a",)), Call(number, ("a",))) == 0
    assert engine.units.made == 3


def test_a_change_of_what_was_read_makes_it_again():
    engine = Engine(a=3)
    engine.units.hold(Call(number, ("a",)))
    engine.put(a=4)

    assert engine.units.get(Call(number, ("a",))) == 4


def test_what_was_not_found_was_read_too():
    engine = Engine()
    assert engine.units.hold(Call(number, ("a",))) == 0

    engine.put(a=4)

    assert engine.units.get(Call(number, ("a",))) == 4


def test_a_change_of_something_else_makes_nothing():
    engine = Engine(a=3)
    engine.units.hold(Call(twice, ("a",)))
    engine.put(b=1)

    assert engine.units.take_stale() == []
    assert engine.made_by(Call(twice, ("a",))) == 0


def test_users_of_what_has_the_same_value_again_are_not_made():
    engine = Engine(a=3)
    engine.units.hold(Call(twice, ("a",)))
    engine.put(a=5)

    # `number` and `parity` alone: the latter is what it was.
    assert engine.made_by(Call(twice, ("a",))) == 2
    assert engine.made_by(Call(twice, ("a",))) == 0


def test_a_value_that_equals_the_one_before_stays_the_identical_one():
    def pair(reading: Reading, name: str) -> tuple[int, ...]:
        return tuple(sum(reading.values(name)) % 2 for _ in range(2))

    engine = Engine(a=3)
    before = engine.units.hold(Call(pair, ("a",)))
    engine.put(a=5)

    assert engine.units.get(Call(pair, ("a",))) is before


def test_what_a_unit_no_longer_uses_is_forgotten_and_wakes_it_no_more():
    engine = Engine(switch=1, a=10, b=20)
    call = Call(chosen, ("switch", "a", "b"))
    assert engine.units.hold(call) == 10
    remembered = len(engine.units)

    engine.put(switch=2)
    assert engine.units.get(call) == 20
    engine.put(a=11)

    assert len(engine.units) == remembered
    assert engine.units.take_stale() == [call]  # Of the switch.
    assert engine.made_by(call) == 0


def test_nothing_is_remembered_that_nobody_holds():
    engine = Engine(a=3)
    assert engine.units.get(Call(twice, ("a",))) == 2

    assert engine.is_empty


def test_what_is_made_in_one_go_is_made_once_and_forgotten_after_it():
    engine = Engine(a=3)
    with engine.units.keeping():
        for _ in range(3):
            engine.units.get(Call(twice, ("a",)))

        assert engine.units.made == 3
    assert engine.is_empty


def test_it_is_held_as_often_as_somebody_does():
    engine = Engine(a=3)
    call = Call(twice, ("a",))
    engine.units.hold(call)
    engine.units.hold(call)

    engine.units.release(call)
    assert engine.made_by(call) == 0

    engine.units.release(call)
    assert engine.is_empty


class TestStale:
    def test_each_held_unit_is_named_once(self):
        engine = Engine(a=3)
        engine.units.hold(Call(parity, ("a",)))
        engine.units.hold(Call(twice, ("a",)))
        engine.put(a=4)
        engine.put(a=5)

        stale = engine.units.take_stale()

        assert sorted(call.make.__name__ for call in stale) == ["parity", "twice"]
        assert engine.units.take_stale() == []

    def test_it_is_named_too_if_it_has_been_made_again_meanwhile(self):
        engine = Engine(a=3)
        call = Call(number, ("a",))
        engine.units.hold(call)
        engine.put(a=4)
        engine.units.get(call)

        assert engine.units.take_stale() == [call]

    def test_and_again_if_it_may_be_yet_another(self):
        engine = Engine(a=3)
        call = Call(number, ("a",))
        engine.units.hold(call)
        engine.put(a=4)
        engine.units.get(call)
        engine.put(a=4, b=0)
        engine.units.changed(["a"])  # It is what it was.
        engine.units.get(call)

        assert engine.units.take_stale() == [call]

    def test_it_is_not_named_if_it_was_found_to_be_the_same(self):
        engine = Engine(a=3)
        call = Call(parity, ("a",))
        engine.units.hold(call)
        engine.put(a=5)
        engine.units.get(call)

        assert engine.units.take_stale() == []

    def test_what_has_been_released_is_not_named(self):
        engine = Engine(a=3)
        engine.units.hold(Call(twice, ("a",)))
        engine.units.hold(Call(parity, ("a",)))
        engine.put(a=4)
        engine.units.release(Call(parity, ("a",)))

        assert engine.units.take_stale() == [Call(twice, ("a",))]


class TestRenewing:
    def test_it_makes_what_is_stale_below_a_unit_one_by_one_and_not_the_unit_itself(self):
        engine = Engine(a=3)
        call = Call(twice, ("a",))
        engine.units.hold(call)
        engine.put(a=4)

        # `number` and `parity`.
        assert sum(1 for _ in engine.units.renewing(call)) == 2
        assert engine.made_by(call) == 1

    def test_what_turns_out_to_be_the_same_is_not_made_again(self):
        engine = Engine(a=3)
        call = Call(twice, ("a",))
        engine.units.hold(call)
        engine.put(a=5)
        made = engine.units.made

        at_once(engine.units.renewing(call))

        assert engine.units.get(call) == 2
        assert engine.units.made - made == 2  # `number` and `parity`, which is what it was.

    def test_what_is_used_is_made_before_what_uses_it_whatever_the_order_of_use(self):
        def sum_of(reading: Reading, *names: str) -> int:
            return sum(reading.make(number, name) for name in names)

        def both(reading: Reading) -> int:
            return reading.make(number, "b") + reading.make(sum_of, "a", "b")

        engine = Engine(a=3, b=4)
        engine.units.hold(Call(both))
        engine.put(a=5, b=6)

        steps = [engine.units.made for _ in engine.units.renewing(Call(both))]
        assert [later - earlier for earlier, later in pairwise(steps)] == [1, 1]

    def test_a_change_between_two_steps_is_taken_in(self):
        engine = Engine(a=3, b=3)
        call = Call(quotient, ("a", "b"))
        engine.units.hold(call)
        engine.put(a=4, b=4)
        steps = engine.units.renewing(call)
        next(steps)
        engine.put(a=9, b=3)
        at_once(steps)

        assert engine.units.get(call) == 3

    def test_of_a_unit_that_is_not_known_or_up_to_date_there_is_nothing_to_make(self):
        engine = Engine(a=3)
        engine.units.hold(Call(number, ("a",)))

        assert list(engine.units.renewing(Call(number, ("a",)))) == []
        assert list(engine.units.renewing(Call(number, ("b",)))) == []


class TestManyUnits:
    """Marking and forgetting many units gives way in between."""

    NUMBER = 1000

    @pytest.fixture
    def engine(self) -> Engine:
        engine = Engine(a=3)
        for index in range(self.NUMBER):
            engine.units.hold(Call(shifted, ("a", index)))
        return engine

    def test_marking_is_done_in_steps(self, engine: Engine):
        changed = engine.cells.put({"a": 4})
        assert sum(1 for _ in engine.units.marking(changed)) > self.NUMBER / 100
        values = [engine.units.get(Call(shifted, ("a", each))) for each in range(self.NUMBER)]
        assert values == [4 + each for each in range(self.NUMBER)]

    def test_what_is_made_between_two_steps_of_marking_is_right_at_the_end(self):
        engine = Engine(a=3)
        for index in range(self.NUMBER):
            engine.units.hold(Call(shifted, ("a", index)))
        changed = engine.cells.put({"a": 4})
        sums = Call(sum_of_shifted, ("a", self.NUMBER))
        for step in engine.units.marking(changed):
            assert step is None
            engine.units.hold(sums)
        assert engine.units.get(sums) == sum(4 + each for each in range(self.NUMBER))

    def test_forgetting_is_done_in_steps(self, engine: Engine):
        with engine.units.keeping():
            for index in range(self.NUMBER):
                engine.units.release(Call(shifted, ("a", index)))
            assert sum(1 for _ in engine.units.forgetting()) > self.NUMBER / 100
            assert engine.is_empty

    def test_what_is_used_again_between_two_steps_of_forgetting_is_kept(self, engine: Engine):
        kept = Call(shifted, ("a", 0))
        with engine.units.keeping():
            for index in range(self.NUMBER):
                engine.units.release(Call(shifted, ("a", index)))
            steps = engine.units.forgetting()
            next(steps)
            engine.units.hold(kept)
            at_once(steps)
        assert engine.made_by(kept) == 0


class TestMistakes:
    DIVIDED = Call(quotient, ("a", "b"))

    def test_without_any_value_there_is_none(self):
        engine = Engine(a=8, b=0)

        with pytest.raises(NotMadeError):
            engine.units.get(self.DIVIDED)
        assert engine.units.get_or_none(self.DIVIDED) is None
        assert engine.is_empty

    def test_it_is_reported_once_until_something_changes(self):
        engine = Engine(a=8, b=0)
        with engine.units.keeping():
            for _ in range(3):
                engine.units.get_or_none(self.DIVIDED)

        assert engine.mistakes == [self.DIVIDED]

    def test_the_value_before_stays(self):
        engine = Engine(a=8, b=2)
        engine.units.hold(self.DIVIDED)
        engine.put(b=0)

        assert engine.units.get(self.DIVIDED) == 4
        assert engine.mistakes == [self.DIVIDED]

    def test_it_is_made_again_when_something_that_it_read_changes(self):
        engine = Engine(a=8, b=0)
        with pytest.raises(NotMadeError):
            engine.units.hold(self.DIVIDED)

        engine.put(b=4)

        assert engine.units.take_stale() == [self.DIVIDED]
        assert engine.units.get(self.DIVIDED) == 2

    def test_its_users_have_none_either_and_come_to_have_one(self):
        engine = Engine(a=8, b=0)
        call = Call(half, ("a", "b"))
        with pytest.raises(NotMadeError):
            engine.units.hold(call)
        # It is reported where it occurs, not again by its users.
        assert engine.mistakes == [self.DIVIDED]

        engine.put(b=2)

        assert engine.units.get(call) == 2

    def test_a_user_that_can_do_without_gets_on(self):
        engine = Engine(a=8, b=0)
        call = Call(quotient_or_none, ("a", "b"))
        assert engine.units.hold(call) is None

        engine.put(b=8)

        assert engine.units.get(call) == 1

    def test_what_is_held_without_a_value_is_released_like_all_else(self):
        engine = Engine(a=8, b=0)
        with pytest.raises(NotMadeError):
            engine.units.hold(self.DIVIDED)

        engine.units.release(self.DIVIDED)

        assert engine.is_empty


def test_below_a_unit_stands_all_that_it_uses_once():
    engine = Engine(switch=1, a=10, b=20)
    engine.units.hold(Call(chosen, ("switch", "a", "b")))

    found = [node.call for node in engine.units.below(Call(chosen, ("switch", "a", "b")))]

    assert sorted(str(call.args) for call in found) == [
        "('a',)",
        "('switch', 'a', 'b')",
        "('switch',)",
        "('switch',)",
    ]
    assert list(engine.units.below(Call(number, ("c",)))) == []
