"""What stands, and who hears of it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from straightway.documents import Problem, ProblemStore, Severity

A = Problem("a.yaml:1", "one", Severity.ERROR, "Mend it.")
B = Problem("b.yaml:2", "two", Severity.WARNING, "Look at it.")
C = Problem("a.yaml:12", "two", Severity.WARNING, "Look at it.")


def heard(store: ProblemStore) -> list[tuple[list[Problem], list[Problem]]]:
    """Return a list to which the store's differences are added."""
    differences: list[tuple[list[Problem], list[Problem]]] = []
    store.listen(lambda appeared, solved: differences.append((list(appeared), list(solved))))
    return differences


def test_listeners_hear_what_appears_and_what_is_solved_by_place():
    store = ProblemStore()
    differences = heard(store)

    store.replace("owner", [B, C, A])
    store.replace("owner", [B])

    assert differences == [([A, C, B], []), ([], [A, C])]
    assert store.standing == [B]


def test_nothing_is_heard_of_what_stays():
    store = ProblemStore()
    differences = heard(store)
    store.replace("owner", [A])

    store.replace("owner", [A])
    store.replace("other", [])

    assert len(differences) == 1


def test_a_problem_stands_until_no_owner_has_it():
    store = ProblemStore()
    store.update({"one": [A], "other": [A]})
    differences = heard(store)

    store.replace("one", [])
    assert (store.standing, differences) == ([A], [])

    store.replace("other", [])
    assert (store.standing, differences) == ([], [([], [A])])


def test_a_problem_that_changes_its_owner_in_one_update_is_neither_new_nor_solved():
    store = ProblemStore()
    store.replace("one", [A])
    differences = heard(store)

    store.update({"one": [], "other": [A]})
    store.update({"one": [A], "other": []})

    assert differences == []
    assert store.standing == [A]


def test_errors_are_counted_once_each():
    store = ProblemStore()

    store.update({"one": [A, B], "other": [A]})

    assert (store.errors, len(store)) == (1, 2)


def test_what_is_returned_is_the_callers_own():
    store = ProblemStore()
    store.replace("owner", [A])

    store.standing.clear()

    assert store.standing == [A]


def test_a_change_looks_at_its_owners_problems_alone(monkeypatch):
    store = ProblemStore()
    for owner in range(99):
        store.replace(owner, [Problem(f"{owner}.yaml:1", "x", Severity.ERROR, "")])
    hashed: list[Problem] = []
    compute = Problem.__hash__

    def remember(problem: Problem) -> int:
        hashed.append(problem)
        return compute(problem)

    monkeypatch.setattr(Problem, "__hash__", remember)

    store.replace(7, ())

    assert {problem.origin for problem in hashed} == {"7.yaml:1"}


problems = st.frozensets(st.sampled_from([A, B, C]))
updates = st.dictionaries(st.sampled_from("xyz"), problems, max_size=3)


@given(st.lists(updates))
def test_differences_add_up_to_what_the_owners_found_last(steps):
    store = ProblemStore()
    standing: set[Problem] = set()

    def listen(appeared, solved):
        assert standing.isdisjoint(appeared)
        assert standing.issuperset(solved)
        standing.update(appeared)
        standing.difference_update(solved)

    store.listen(listen)
    last: dict[str, frozenset[Problem]] = {}
    for step in steps:
        store.update(step)
        last |= step
        assert standing == set().union(*last.values())
        assert store.standing == sorted(standing)
        assert store.errors == (A in standing)
