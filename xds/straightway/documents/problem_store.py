"""All current problems, from all finders; listeners learn which appear and which are solved.

Each finder owns its problems and replaces them as a whole. The cost depends on the owner's problems
before and after, not on those of others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence

from straightway.documents.problem import Problem
from straightway.documents.telling import tell_all

Owner = Hashable
"""The finder of some problems: a bundle, a check, a stage."""
Listener = Callable[[Sequence[Problem], Sequence[Problem]], None]
"""Called with the problems that appeared and those that were solved, each sorted by place."""


class ProblemStore:
    """The current problems. A problem of two owners remains until neither has it."""

    def __init__(self) -> None:
        self._of_owner: dict[Owner, frozenset[Problem]] = {}
        self._owners_of: Counter[Problem] = Counter()
        self._listeners: list[Listener] = []
        self._errors = 0
        self._sorted: list[Problem] | None = []

    def listen(self, listener: Listener) -> None:
        """Call ``listener`` with each change from now on."""
        self._listeners.append(listener)

    def replace(self, owner: Owner, problems: Iterable[Problem]) -> None:
        """Replace an owner's problems."""
        self.update({owner: problems})

    def update(self, found: Mapping[Owner, Iterable[Problem]]) -> None:
        """Replace the problems of several owners as one change.

        So a problem that moves from one owner to another is neither new nor solved.
        """
        new_by_owner = {owner: frozenset(problems) for owner, problems in found.items()}
        touched: set[Problem] = set()
        for owner, new in new_by_owner.items():
            touched |= new ^ self._of_owner.get(owner, frozenset())
        before = touched & self._owners_of.keys()
        for owner, new in new_by_owner.items():
            self._replace(owner, new)
        after = {problem for problem in touched if self._owners_of[problem]}
        for problem in touched - after:
            del self._owners_of[problem]
        self._publish(sorted(after - before), sorted(before - after))

    @property
    def standing(self) -> list[Problem]:
        """All current problems, each once, sorted by place."""
        if self._sorted is None:
            self._sorted = sorted(self._owners_of)
        return list(self._sorted)

    @property
    def errors(self) -> int:
        """How many of them are errors."""
        return self._errors

    def __len__(self) -> int:
        return len(self._owners_of)

    def _replace(self, owner: Owner, new: frozenset[Problem]) -> None:
        old = self._of_owner.pop(owner, frozenset())
        self._owners_of.update(new - old)
        self._owners_of.subtract(old - new)
        if new:
            self._of_owner[owner] = new

    def _publish(self, appeared: list[Problem], solved: list[Problem]) -> None:
        if not appeared and not solved:
            return
        self._errors += sum(problem.is_error for problem in appeared)
        self._errors -= sum(problem.is_error for problem in solved)
        self._sorted = None
        tell_all(self._listeners, lambda each: each(appeared, solved))
