"""A runtime's memory after any sequence of answers, failures and waits."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from straightway.holdings.answers import Answer, FailureKind, Model, ModelState, NoAnswerError
from straightway.holdings.memory import SETTLE_SECONDS, Memory
from straightway.holdings.names import Naming, listing
from straightway.holdings.pools import Api, Settings
from straightway.holdings.transitions import Change, Happening

SETTINGS = Settings("model", Api.TRITON, failure_threshold=3, stale_after=30.0)
MODELS = st.lists(
    st.builds(Model, st.sampled_from("abcd"), st.sampled_from(ModelState)),
    max_size=4,
    unique_by=lambda each: each.name,
).map(tuple)


class Runtime(RuleBasedStateMachine):
    """A memory, and what its happenings add up to."""

    def __init__(self) -> None:
        super().__init__()
        self.memory = Memory(SETTINGS)
        self.now = 0.0
        self.held: set[str] = set()
        self.loading: set[str] = set()
        self.identity = ""
        self.failing_since: float | None = None
        self.failures = 0
        self.is_known_failing = False

    def take_in(self, happened: list[Happening]) -> None:
        for change, models, _ in happened:
            named = set(models)
            match change:
                case Change.GAINED:
                    assert named.isdisjoint(self.held)
                    self.held |= named
                    self.loading -= named
                case Change.LOST:
                    assert named <= self.held
                    self.held -= named
                case Change.STALE:
                    self.held, self.loading = set(), set()
                case Change.FAILING:
                    assert not self.is_known_failing
                    self.is_known_failing = True
                case Change.ANSWERING | Change.RESTARTED | Change.REPLACED:
                    self.is_known_failing = False

    @rule(models=MODELS, identity=st.sampled_from(["", "one", "other"]))
    def answer(self, models: tuple[Model, ...], identity: str) -> None:
        expected = listing(models, Naming()).ready
        before = self.memory.values
        had_failed = self.failing_since is not None
        is_another = bool(self.identity and identity and identity != self.identity)
        self.take_in(self.memory.answered(Answer(models, identity), self.now))
        self.identity = identity or self.identity
        if models or not had_failed or is_another:
            assert self.memory.values == expected
        else:
            assert self.memory.values in (before, ())
        if self.memory.is_steady:
            self.failing_since = None
        self.failures = 0

    @rule(kind=st.sampled_from(FailureKind))
    def fail(self, kind: FailureKind) -> None:
        before = self.memory.values
        if self.failing_since is None:
            self.failing_since = self.now
        self.take_in(self.memory.failed(NoAnswerError(kind, "no"), self.now))
        self.failures += 1
        if self.now < self.failing_since + SETTINGS.stale_after:
            assert self.memory.values == before
        assert not self.memory.is_steady

    @rule(seconds=st.sampled_from([0.5, 1.0, SETTLE_SECONDS, SETTINGS.stale_after]))
    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.take_in(self.memory.expire(self.now))

    @rule(models=MODELS)
    def say_the_same_twice(self, models: tuple[Model, ...]) -> None:
        self.answer(models, "")
        if self.memory.is_steady:
            assert self.memory.answered(Answer(tuple(reversed(models))), self.now) == []

    @precondition(lambda self: self.failing_since is not None)
    @rule()
    def stay_away(self) -> None:
        assert self.failing_since is not None
        self.now = max(self.now, self.failing_since + SETTINGS.stale_after)
        self.take_in(self.memory.expire(self.now))
        assert self.memory.values == ()

    @invariant()
    def what_was_told_adds_up_to_what_is_held(self) -> None:
        assert tuple(sorted(self.held)) == self.memory.values

    @invariant()
    def failing_is_told_from_the_threshold_on(self) -> None:
        assert self.is_known_failing == (self.failures >= SETTINGS.failure_threshold)
        assert self.memory.is_failing == self.is_known_failing

    @invariant()
    def nothing_is_both_held_and_loading(self) -> None:
        assert set(self.memory.values).isdisjoint(self.memory.loading)


TestRuntime = Runtime.TestCase
TestRuntime.settings = settings(max_examples=100, stateful_step_count=30)
