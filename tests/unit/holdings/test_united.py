"""What a workload holds by several sources together."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from straightway.catalog import Observation
from straightway.documents import Reference
from straightway.holdings.united import United
from tests.support.holdings import workload

A = workload("a")


class World:
    """Takes what is told, and counts how often."""

    def __init__(self) -> None:
        self.held: dict[Reference, dict[str, Observation]] = {}
        self.calls = 0

    def observe(self, reference: Reference, held) -> None:
        self.calls += 1
        self.held[reference] = dict(held)

    def values(self, reference: Reference = A) -> dict[str, tuple[str, ...]]:
        return {key: each.values for key, each in self.held.get(reference, {}).items()}


def seen(*values: str, at: float = 0.0, origin: str = "http://a") -> Observation:
    return Observation(values, at, origin)


def test_two_pools_that_name_one_workload_are_united():
    world = World()
    united = United(world.observe)
    united.tell("one", A, "model", seen("x", "y", at=1))
    united.tell("other", A, "model", seen("y", "z", at=2, origin="http://b"))
    united.flush()
    expected = Observation(("x", "y", "z"), 2, "http://a, http://b")
    assert world.held == {A: {"model": expected}}
    united.withdraw("one", A)
    united.flush()
    assert world.values() == {"model": ("y", "z")}


def test_keys_are_kept_apart():
    world = World()
    united = United(world.observe)
    united.tell("one", A, "model", seen("x"))
    united.tell("other", A, "adapter", seen("y"))
    united.flush()
    assert world.values() == {"model": ("x",), "adapter": ("y",)}


def test_what_changes_no_value_is_not_told():
    world = World()
    united = United(world.observe)
    united.tell("one", A, "model", seen("x"))
    united.flush()
    united.tell("one", A, "model", seen("x", at=5))
    united.tell("other", A, "model", seen("x"))
    united.tell("third", A, "model", seen())
    assert united.flush() == 0
    assert world.calls == 1


def test_what_comes_and_goes_before_it_is_told_is_not_told():
    world = World()
    united = United(world.observe)
    united.tell("one", A, "model", seen("x"))
    united.withdraw("one", A)
    assert (united.flush(), world.calls) == (0, 0)


def test_who_holds_nothing_is_told_as_nothing():
    world = World()
    united = United(world.observe)
    united.tell("one", A, "model", seen("x"))
    united.flush()
    united.tell("one", A, "model", seen())
    united.flush()
    assert world.held == {A: {}}


def test_a_source_that_fills_another_key_takes_back_what_it_filled():
    world = World()
    united = United(world.observe)
    united.tell("one", A, "model", seen("x"))
    united.flush()
    united.tell("one", A, "models", seen("x"))
    united.flush()
    assert world.values() == {"models": ("x",)}


def test_where_each_value_comes_from_is_known():
    united = United(World().observe)
    united.tell("one", A, "model", seen("x", "y"))
    united.tell("other", A, "model", seen("y", origin="pushed"))
    assert united.held(A) == {"model": {"x": ["http://a"], "y": ["http://a", "pushed"]}}
    assert united.held(workload("b")) == {}


def test_many_origins_are_a_short_text():
    world = World()
    united = United(world.observe)
    for number in range(9):
        united.tell(number, A, "model", seen("x", origin=f"http://{number}"))
    united.flush()
    assert world.held[A]["model"].origin == "http://0, http://1, http://2, …"


STEPS = st.tuples(
    st.sampled_from("123"),
    st.sampled_from("ab"),
    st.sampled_from(["k", "l"]),
    st.none() | st.frozensets(st.sampled_from("xyz")),
    st.booleans(),
)


@given(st.lists(STEPS, max_size=30))
def test_after_any_steps_it_is_the_union_of_what_each_said_last(steps):
    world = World()
    said: dict[tuple[str, str], tuple[str, frozenset[str]]] = {}
    united = United(world.observe)
    for source, name, key, values, flushes in steps:
        if values is None:
            united.withdraw(source, workload(name))
            said.pop((source, name), None)
        else:
            united.tell(source, workload(name), key, seen(*sorted(values)))
            said[source, name] = (key, values)
        if flushes:
            united.flush()
    united.flush()
    for name in "ab":
        expected: dict[str, set[str]] = {}
        for (_, of), (key, values) in said.items():
            if of == name and values:
                expected.setdefault(key, set()).update(values)
        assert world.values(workload(name)) == {
            key: tuple(sorted(values)) for key, values in expected.items()
        }
