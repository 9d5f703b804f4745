"""What a runtime holds: told by answers and failures, in the order in which real servers give them.

The sequences of restarts are those that were seen with Triton, MLServer and vLLM.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from straightway.holdings.answers import Answer, FailureKind, Model, ModelState, NoAnswerError
from straightway.holdings.memory import SETTLE_SECONDS, Memory
from straightway.holdings.pools import Api, Settings
from straightway.holdings.transitions import Change

SETTINGS = Settings("model", Api.TRITON, failure_threshold=3, stale_after=60.0)
LOADING, UNAVAILABLE = ModelState.LOADING, ModelState.UNAVAILABLE


class Story:
    """A runtime's memory, and a clock that goes on by a second at each answer and failure."""

    def __init__(self, *names: str, identity: str = "") -> None:
        self.memory = Memory(SETTINGS)
        self.now = 0.0
        self.told: list[tuple[Change, tuple[str, ...], str]] = []
        if names:
            self.lists(*names, identity=identity)

    def lists(self, *models: str | Model, identity: str = "") -> list[Change]:
        listed = tuple(each if isinstance(each, Model) else Model(each) for each in models)
        return self._note(self.memory.answered(Answer(listed, identity), self.now))

    def fails(self, kind: FailureKind, times: int = 1) -> list[Change]:
        changes = []
        for _ in range(times):
            changes += self._note(self.memory.failed(NoAnswerError(kind, f"it {kind}"), self.now))
        return changes

    def waits(self, seconds: float) -> list[Change]:
        self.now += seconds
        return self._note(self.memory.expire(self.now))

    def _note(self, happened) -> list[Change]:
        self.now += 1
        self.told += map(tuple, happened)
        return [each.change for each in happened]

    @property
    def holds(self) -> tuple[str, ...]:
        return self.memory.values


def test_models_are_gained_and_lost_with_a_reason():
    story = Story("a", "b")
    story.lists("a", Model("b", UNAVAILABLE, reason="unloaded"), "c")
    assert story.holds == ("a", "c")
    assert story.told == [
        (Change.GAINED, ("a", "b"), ""),
        (Change.GAINED, ("c",), ""),
        (Change.LOST, ("b",), "it is unavailable: unloaded"),
    ]


def test_what_loads_is_known_and_does_not_count():
    story = Story("a")
    assert story.lists("a", Model("b", LOADING)) == [Change.LOADING]
    assert (story.holds, story.memory.loading) == (("a",), ("b",))
    assert story.lists("a", "b") == [Change.GAINED]


def test_a_model_that_could_not_be_loaded_is_told_in_the_runtimes_words():
    story = Story()
    story.lists(Model("b", LOADING))
    story.lists(Model("b", UNAVAILABLE, reason="no\nmemory"))
    assert story.told[-1] == (Change.NOT_LOADED, ("b",), "it is unavailable: no memory")


def test_a_reload_is_a_loss_until_it_is_ready_again():
    story = Story("a")
    assert story.lists(Model("a", LOADING)) == [Change.LOST]
    assert story.told[-1][2] == "it loads"
    assert story.lists("a") == [Change.GAINED]


def test_an_equal_answer_changes_nothing():
    story = Story("a", "b")
    assert story.lists("b", "a") == []


@pytest.mark.parametrize("kind", FailureKind)
def test_no_failure_is_holding_nothing(kind):
    story = Story("a")
    assert story.fails(kind, 2) == []
    assert story.fails(kind, 40) == [Change.FAILING]
    assert story.holds == ("a",)
    assert not story.memory.is_answering


def test_who_does_not_answer_for_too_long_holds_nothing():
    story = Story("a")
    story.lists("a", Model("b", LOADING))
    story.fails(FailureKind.TIMEOUT, 3)
    assert story.waits(50) == []
    assert story.waits(10) == [Change.STALE]
    assert (story.holds, story.memory.loading, story.memory.stale_at) == ((), (), None)
    assert story.waits(1000) == []
    assert story.lists("a") == [Change.ANSWERING, Change.GAINED]


def test_the_time_until_it_is_stale_begins_with_the_first_failure():
    """A runtime that is asked every two minutes is not stale at its first failure."""
    story = Story("a")
    assert story.waits(120) == []
    assert story.fails(FailureKind.TIMEOUT) == []
    assert story.lists("a") == []
    assert story.memory.stale_at is None


def test_who_holds_nothing_does_not_go_stale():
    story = Story()
    story.lists()
    story.fails(FailureKind.TIMEOUT, 5)
    assert story.waits(1000) == []


# --- Restarts ---


def test_triton_refuses_while_it_loads_and_comes_back_with_everything():
    story = Story("a", "b")
    assert story.fails(FailureKind.REFUSED, 2) == []
    assert story.lists("a", "b") == [Change.RESTARTED]
    assert story.told[-1][2] == "after 2 s"


def test_triton_in_explicit_mode_comes_back_and_says_that_it_has_loaded_nothing():
    story = Story("a", "b")
    story.fails(FailureKind.REFUSED, 4)
    never_loaded = [Model(name, UNAVAILABLE) for name in "ab"]
    assert story.lists(*never_loaded) == [Change.RESTARTED, Change.LOST]
    assert story.holds == ()


def test_mlserver_answers_while_its_models_load():
    """It listens first and says of each model that it loads, so no request may go there."""
    story = Story("a", "b")
    story.fails(FailureKind.REFUSED, 2)
    story.fails(FailureKind.STARTING, 2)
    assert story.lists("a", Model("b", LOADING)) == [Change.RESTARTED, Change.LOST]
    assert story.lists("a", "b") == [Change.GAINED]


def test_an_empty_list_after_a_failure_is_a_start_and_not_a_loss():
    story = Story("a", "b")
    story.fails(FailureKind.REFUSED)
    assert story.lists() == [Change.RESTARTED, Change.STARTING]
    assert story.lists() == []
    assert story.lists("a", "b") == []
    assert story.holds == ("a", "b")


def test_an_empty_list_is_believed_after_some_seconds():
    story = Story("a")
    story.fails(FailureKind.REFUSED)
    story.lists()
    story.waits(SETTLE_SECONDS)
    assert story.lists() == [Change.LOST]


def test_an_empty_list_without_a_failure_is_believed_at_once():
    story = Story("a")
    assert story.lists() == [Change.LOST]


def test_a_runtime_that_crashes_again_and_again_holds_nothing_in_the_end():
    story = Story("a")
    for _ in range(40):
        story.fails(FailureKind.REFUSED)
        story.lists()
    assert story.holds == ()
    assert [change for change, *_ in story.told].count(Change.LOST) == 1


def test_vllm_comes_back_without_the_adapters_that_were_loaded_at_run_time():
    story = Story("base", "adapter", identity="1700000000")
    story.fails(FailureKind.REFUSED, 200)
    assert story.holds == ()  # It took minutes.
    assert story.lists("base", identity="1700000300") == [Change.REPLACED, Change.GAINED]


def test_another_identity_starts_anew():
    story = Story("a", "b", identity="one")
    story.fails(FailureKind.REFUSED)
    assert story.lists("b", "c", identity="other") == [
        Change.REPLACED,
        Change.GAINED,
        Change.LOST,
    ]
    assert story.told[-3] == (Change.REPLACED, (), "other answers in the place of one")


def test_another_identity_that_lists_nothing_holds_nothing_at_once():
    story = Story("a", identity="one")
    story.fails(FailureKind.REFUSED)
    assert story.lists(identity="other") == [Change.REPLACED, Change.LOST]


def test_an_identity_that_is_not_told_for_once_is_the_same():
    story = Story("a", identity="one")
    assert story.lists("a") == []
    assert story.lists("a", identity="one") == []
    assert story.lists("a", identity="other") == [Change.REPLACED]


def test_what_answers_late_for_the_first_time_has_not_restarted():
    story = Story()
    assert story.fails(FailureKind.REFUSED, 3) == [Change.FAILING]
    assert story.lists("a") == [Change.ANSWERING, Change.GAINED]


def test_a_short_trouble_is_not_told():
    story = Story("a")
    story.fails(FailureKind.TIMEOUT, 2)
    assert story.lists("a") == []


# --- Settings ---


def test_other_settings_change_names_with_the_next_answer():
    story = Story("models/a")
    story.memory.settle(replace(SETTINGS, strip="models/"))
    assert story.holds == ("models/a",)
    story.lists("models/a")
    assert story.holds == ("a",)


def test_names_that_are_left_out_are_told_once_and_when_there_are_none_any_more():
    story = Story()
    assert story.lists("a", "x" * 600) == [Change.GAINED, Change.LEFT_OUT]
    assert story.lists("a", "x" * 600) == []
    assert story.lists("a") == [Change.LEFT_OUT]
    assert story.told[-1][2] == "none any more"


def test_what_a_runtime_says_costs_a_line_at_most():
    story = Story("a")
    story.lists(Model("a", UNAVAILABLE, reason="x\n" * 100_000))
    assert len(story.told[-1][2]) <= 200
    assert "\n" not in story.told[-1][2]
