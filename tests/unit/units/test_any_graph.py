"""Any graph of units, after any changes: as if made from scratch, and no more than is due.

A program is a list of units. Each looks at a cell first and, as its number is odd or even, reads
some other cells and uses some of the units before it. Its value is small, so that it often stays
what it was.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from straightway.units import Call, NotMadeError, Reading
from tests.support.cells import Cells, Engine

NAMES = "abcd"
SPOILT = 7
"""With this number in the first cell that it reads, a unit raises."""


class Way(NamedTuple):
    """What a unit reads and uses, beside its first cell."""

    cells: tuple[str, ...]
    units: tuple[int, ...]


class Step(NamedTuple):
    """What a unit does."""

    first: str
    if_odd: Way
    if_even: Way
    modulus: int


Program = tuple[Step, ...]


def run(reading: Reading, program: Program, index: int) -> int:
    """The unit: the function that all of them are, by their arguments."""
    step = program[index]
    first: int = sum(reading.values(step.first))
    if first == SPOILT:
        raise ArithmeticError(step.first)
    way = step.if_odd if first % 2 else step.if_even
    total: int = first + sum(sum(reading.values(name)) for name in way.cells)
    total += sum(reading.make(run, program, each) for each in way.units)
    return total % step.modulus


class Trace(NamedTuple):
    """What a unit comes to, and all that it looks at for it."""

    value: int
    cells: frozenset[str]
    units: tuple[int, ...]


def traces(program: Program, cells: Cells) -> list[Trace]:
    """Every unit of a program, made from scratch without any memory."""
    numbers = {name: sum(cells.values_at(name)) for name in NAMES}
    found: list[Trace] = []
    for step in program:
        way = step.if_odd if numbers[step.first] % 2 else step.if_even
        total = numbers[step.first] + sum(numbers[name] for name in way.cells)
        total += sum(found[each].value for each in way.units)
        cells_read = frozenset({step.first, *way.cells})
        found.append(Trace(total % step.modulus, cells_read, way.units))
    return found


def below(found: list[Trace], indexes: Iterable[int]) -> set[int]:
    """Units, and all that they use."""
    pending, seen = list(indexes), set[int]()
    while pending:
        index = pending.pop()
        if index not in seen:
            seen.add(index)
            pending += found[index].units
    return seen


@st.composite
def programs(draw: st.DrawFn) -> Program:
    """Some program of up to eight units."""
    steps = []
    for index in range(draw(st.integers(1, 8))):
        used = st.lists(st.sampled_from(range(index)), max_size=3) if index else st.just([])
        read = st.lists(st.sampled_from(NAMES), max_size=2)
        way = st.builds(Way, read.map(tuple), used.map(tuple))
        step = st.builds(Step, st.sampled_from(NAMES), way, way, st.sampled_from([1, 2, 3, 100]))
        steps.append(draw(step))
    return tuple(steps)


NUMBERS = st.integers(0, SPOILT - 1) | st.none()
CHANGES = st.dictionaries(st.sampled_from(NAMES), NUMBERS, min_size=1, max_size=3)


@settings(max_examples=100, deadline=None)
@given(programs(), st.data(), st.lists(CHANGES, max_size=6))
def test_nothing_is_made_that_need_not_be(program, data, batches):
    held = data.draw(st.sets(st.sampled_from(range(len(program))), min_size=1))
    engine = Engine(a=1, b=2)
    calls = [Call(run, (program, index)) for index in sorted(held)]
    for call in calls:
        engine.units.hold(call)
    for batch in batches:
        before = traces(program, engine.cells)
        remembered = below(before, held)
        changed = engine.cells.put(batch)
        engine.units.changed(changed)
        made = engine.made_by(*calls)

        after = traces(program, engine.cells)
        due = {
            index
            for index in below(after, held)
            if index not in remembered
            or not changed.isdisjoint(before[index].cells)
            or any(before[each].value != after[each].value for each in before[index].units)
        }
        assert [engine.units.get(call) for call in calls] == [
            after[each].value for each in sorted(held)
        ]
        # A unit that is used no more may have been made, to see whether it is another.
        spare = remembered - below(after, held)
        assert len(due) - len(spare) <= made <= len(due) + len(spare)
        assert engine.made_by(*calls) == 0
        assert len(engine.units) == len(below(after, held))


class Interplay(RuleBasedStateMachine):
    """Changes, holds, releases, single gets, stretches in which nothing is forgotten, remaking."""

    def __init__(self) -> None:
        super().__init__()
        self.engine = Engine()
        self.program: Program = ()
        self.held: dict[int, int] = {}
        self.known: dict[int, int] = {}
        self.spoilt = False

    @initialize(program=programs())
    def begin(self, program: Program) -> None:
        self.program = program

    def call(self, index: int) -> Call:
        return Call(run, (self.program, index % len(self.program)))

    @rule(changes=CHANGES)
    def change(self, changes: dict[str, int | None]) -> None:
        self.engine.put(**changes)

    @rule(name=st.sampled_from(NAMES))
    def name_without_a_difference(self, name: str) -> None:
        self.engine.units.changed([name])

    @rule(index=st.integers(0, 7))
    def hold(self, index: int) -> None:
        index %= len(self.program)
        try:
            self.known[index] = self.engine.units.hold(self.call(index))
        except NotMadeError:
            self.known.pop(index, None)
        self.held[index] = self.held.get(index, 0) + 1

    @rule(which=st.integers(0, 7))
    def release(self, which: int) -> None:
        if not self.held:
            return
        index = sorted(self.held)[which % len(self.held)]
        self.engine.units.release(self.call(index))
        self.held[index] -= 1
        if not self.held[index]:
            del self.held[index]
            self.known.pop(index, None)

    @rule(indexes=st.lists(st.integers(0, 7), max_size=4), steps=st.integers(0, 3))
    def get(self, indexes: list[int], steps: int) -> None:
        """Make some of what is stale below them, then one after another; forget none before."""
        with self.engine.units.keeping():
            for index in indexes:
                renewing = self.engine.units.renewing(self.call(index))
                for _ in zip(range(steps), renewing, strict=False):
                    pass
            for index in indexes:
                value = self.engine.units.get_or_none(self.call(index))
                if not self.is_spoilt:
                    assert value == self.expected[index % len(self.program)].value

    @rule(changes=CHANGES, indexes=st.lists(st.integers(0, 7), min_size=1, max_size=4))
    def change_and_get(self, changes: dict[str, int | None], indexes: list[int]) -> None:
        self.change(changes)
        self.get(indexes, 0)

    @rule()
    def take_stale(self) -> None:
        """Whoever looks again at what is named to be stale, and at nothing else, knows all."""
        for call in self.engine.units.take_stale():
            index = call.args[1]
            assert isinstance(index, int)
            value = self.engine.units.get_or_none(call)
            if value is not None:
                self.known[index] = value
        if not self.is_spoilt:
            assert self.known == {index: self.expected[index].value for index in self.held}

    @property
    def is_spoilt(self) -> bool:
        return SPOILT in self.engine.cells.numbers.values()

    @property
    def expected(self) -> list[Trace]:
        return traces(self.program, self.engine.cells)

    @invariant()
    def nothing_leaks(self) -> None:
        units = self.engine.units
        nodes = set(units._nodes.values())
        assert all(node.held or node.users for node in nodes)
        assert all(node.users <= nodes for node in nodes)
        assert set().union(*units._readers.values()) <= nodes
        assert units._stale_held.keys() <= nodes
        assert {node.call for node in nodes if node.held} == set(map(self.call, self.held))

    def teardown(self) -> None:
        for index, times in self.held.items():
            for _ in range(times):
                self.engine.units.release(self.call(index))
        assert self.engine.is_empty


class InterplayWithMistakes(Interplay):
    """The same with units that raise; when none does any more, all is as if none ever had."""

    @rule(name=st.sampled_from(NAMES))
    def spoil(self, name: str) -> None:
        self.engine.put(**{name: SPOILT})

    @rule(number=st.integers(0, 3))
    def mend(self, number: int) -> None:
        numbers = self.engine.cells.numbers
        self.engine.put(**{str(name): number for name in numbers if numbers[name] == SPOILT})


TestInterplay = Interplay.TestCase
TestInterplayWithMistakes = InterplayWithMistakes.TestCase
TestInterplay.settings = settings(max_examples=120, stateful_step_count=20, deadline=None)
TestInterplayWithMistakes.settings = settings(
    max_examples=30, stateful_step_count=20, deadline=None
)
