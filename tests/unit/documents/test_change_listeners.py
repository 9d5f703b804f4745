"""Several listeners of one control loop."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from straightway.documents import (
    Change,
    ChangeListener,
    ChangeListeners,
    Problem,
    ProblemStore,
    Reference,
    Severity,
)

ROUTES = Reference("networking.istio.io", "VirtualService", "shop", "routes")


class Noting(ChangeListener):
    def __init__(self, name: str, noted: list[tuple[str, str]]) -> None:
        self._name, self._noted = name, noted

    def changed(self, change: Change) -> None:
        self._noted.append((self._name, f"changed {change.added}"))

    def moved(self, references: Sequence[Reference]) -> None:
        self._noted.append((self._name, f"moved {references}"))

    def published(self) -> None:
        self._noted.append((self._name, "published"))

    def given_up(self, vanished: Sequence[Reference]) -> None:
        self._noted.append((self._name, f"given up {vanished}"))


def test_every_event_is_passed_on_in_order():
    noted: list[tuple[str, str]] = []
    both = ChangeListeners(Noting("a", noted), Noting("b", noted))
    both.changed(Change(added=(ROUTES,)))
    both.moved([ROUTES])
    both.published()
    both.given_up([ROUTES])
    assert [name for name, _ in noted] == ["a", "b"] * 4
    events = [event for _, event in noted]
    assert events[::2] == events[1::2]
    assert [event.split()[0] for event in events[::2]] == ["changed", "moved", "published", "given"]


class Mistaken(ChangeListener):
    def published(self) -> None:
        raise RuntimeError("ours")


def test_a_mistake_of_one_listener_is_raised_when_all_have_heard():
    noted: list[tuple[str, str]] = []
    listeners = ChangeListeners(Mistaken(), Noting("b", noted))
    with pytest.raises(ExceptionGroup) as raised:
        listeners.published()
    assert noted == [("b", "published")]
    assert [str(each) for each in raised.value.exceptions] == ["ours"]


def test_a_mistake_of_one_listener_keeps_no_problem_from_the_others():
    def mistaken(*_: object) -> None:
        raise RuntimeError("ours")

    heard: list[Problem] = []
    problem = Problem("a.yaml:1", "a-code", Severity.ERROR, "It is wrong.")
    store = ProblemStore()
    store.listen(mistaken)
    store.listen(lambda appeared, _: heard.extend(appeared))
    with pytest.raises(ExceptionGroup):
        store.replace("owner", [problem])
    assert heard == store.standing == [problem]
