"""Whose turn it is: a fair queue, and patience with those who undo."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from straightway.documents import Reference
from straightway.writeback.pacing import LONGEST_BACK_OFF, Patience, Waiting


def ref(name: object) -> Reference:
    return Reference("networking.istio.io", "VirtualService", "shop", str(name))


def test_objects_have_their_turns_in_the_order_in_which_they_came():
    waiting = Waiting()
    for name in "abab":
        waiting.add(ref(name))
    assert [waiting.take(0), waiting.take(0), waiting.take(0)] == [ref("a"), ref("b"), None]


def test_an_object_that_changes_all_the_time_does_not_keep_others_from_their_turn():
    waiting = Waiting()
    waiting.add(ref("busy"))
    waiting.add(ref("other"))
    first = waiting.take(0)
    assert first == ref("busy")
    waiting.add(ref("busy"))  # While it is being written.
    waiting.done(first)
    assert waiting.take(0) == ref("other")
    assert waiting.take(0) == ref("busy")


def test_a_new_state_does_not_shorten_a_back_off_but_does_a_mere_look():
    waiting = Waiting()
    waiting.postpone(ref("a"), 10)
    waiting.add(ref("a"))
    waiting.add(ref("b"), 10)
    waiting.add(ref("b"))
    assert waiting.take(0) == ref("b")
    assert waiting.take(9) is None
    assert waiting.due == 10
    assert waiting.take(10) == ref("a")


def test_what_was_dropped_does_not_come():
    waiting = Waiting()
    waiting.add(ref("a"))
    waiting.postpone(ref("b"), 5)
    taken = ref("c")
    waiting.add(taken)
    waiting.drop(ref("a"))
    waiting.drop(ref("b"))
    assert waiting.take(9) == taken
    waiting.add(taken)
    waiting.drop(taken)
    waiting.done(taken)
    assert waiting.take(9) is None
    assert (waiting.due, len(waiting)) == (None, 0)


actions = st.lists(
    st.tuples(
        st.sampled_from(["add", "later", "postpone", "take", "done", "drop"]),
        st.integers(0, 3),
        st.integers(1, 20),
    ),
    max_size=40,
)


class Model:
    """What a queue of waiting objects must do, in the simplest way."""

    def __init__(self) -> None:
        self.waiting = Waiting()
        self.expected: set[Reference] = set()
        self.busy: dict[Reference, bool] = {}
        self.now = 0.0

    def add(self, each: Reference, _: int, at: float = 0.0) -> None:
        self.waiting.add(each, at)
        if each in self.busy:
            self.busy[each] = True
        else:
            self.expected.add(each)

    def later(self, each: Reference, seconds: int) -> None:
        self.add(each, seconds, self.now + seconds)

    def postpone(self, each: Reference, seconds: int) -> None:
        self.waiting.postpone(each, self.now + seconds)
        self.busy.pop(each, None)
        self.expected.add(each)

    def take(self, _: Reference, seconds: int) -> None:
        self.now += seconds
        if (taken := self.waiting.take(self.now)) is not None:
            assert taken in self.expected
            self.expected.discard(taken)
            self.busy[taken] = False

    def done(self, each: Reference, _: int) -> None:
        self.waiting.done(each)
        if self.busy.pop(each, False):
            self.expected.add(each)

    def drop(self, each: Reference, _: int) -> None:
        self.waiting.drop(each)
        self.expected.discard(each)
        if each in self.busy:
            self.busy[each] = False


@given(actions)
def test_nothing_is_lost_and_nothing_comes_twice(acts):
    model = Model()
    for act, name, seconds in acts:
        getattr(model, act)(ref(name), seconds)
        assert len(model.waiting) == len(model.expected)
        assert (model.waiting.due is None) == (not model.expected)
    while (due := model.waiting.due) is not None:
        model.now = max(model.now, due)
        model.take(ref("any"), 0)
    assert not model.expected


def test_patience_grows_to_minutes_and_is_forgiven():
    patience, now, pauses = Patience(), 0.0, []
    for times in range(1, 11):
        count, until = patience.undone(ref("a"), now)
        assert count == times
        pauses.append(until - now)
        now = until
    assert pauses[:4] == [2, 4, 8, 16]
    assert pauses[-1] == LONGEST_BACK_OFF
    assert patience.undone(ref("a"), now + 3 * LONGEST_BACK_OFF)[0] == 1
