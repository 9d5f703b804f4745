"""The checks between objects, each run again when something that it read has changed."""

from __future__ import annotations

from collections.abc import Iterable

from straightway.checks import check, has_check
from straightway.documents import Finding, Owner, ProblemStore, Reference, Steps
from straightway.intake import Intake
from straightway.units import Call, NotMadeError, Units


class Checking:
    """Holds a check for each object that has one, and records their findings as problems."""

    def __init__(self, units: Units, intake: Intake, problems: ProblemStore) -> None:
        self._units = units
        self._intake = intake
        self._problems = problems
        self._checked: set[Reference] = set()
        # What the checks found last, and whose findings may be at other places by now.
        self._found: dict[Reference, tuple[Finding, ...]] = {}
        self._moved: dict[Reference, None] = {}

    def follow(self, changes: Iterable[Reference]) -> list[Call]:
        """Start checking objects that were added, and stop checking those that were removed.

        Returns the checks to run.
        """
        due = []
        for reference in changes:
            item = self._units.catalog.object(reference)
            if item is not None and has_check(item):
                due.append(Call(check, (reference,)))
            elif reference in self._checked:
                self._checked.discard(reference)
                self._units.release(Call(check, (reference,)))
                self._record(reference, ())
        return due

    def moved(self, references: Iterable[Reference]) -> bool:
        """Note objects that may be written at another place now.

        Returns whether that is anything for :meth:`relocated`.
        """
        self._moved.update((each, None) for each in references if each in self._found)
        return bool(self._moved)

    def relocated(self) -> Steps[None]:
        """Give the standing problems of objects that have moved their new places."""
        while self._moved:
            reference, _ = self._moved.popitem()
            self._record(reference, self._found.get(reference, ()))
            yield

    def run(self, call: Call) -> None:
        """Run a check, and replace its previous findings."""
        (reference,) = call.args
        assert isinstance(reference, Reference)
        item = self._units.catalog.object(reference)
        if item is None or not has_check(item):
            return
        try:
            findings: tuple[Finding, ...] = (
                self._units.get(call) if reference in self._checked else self._units.hold(call)
            )
        except NotMadeError:
            findings = ()  # The bug has been reported, and the check runs again.
        self._checked.add(reference)
        self._record(reference, findings)

    def _record(self, reference: Reference, findings: tuple[Finding, ...]) -> None:
        if findings:
            self._found[reference] = findings
        else:
            self._found.pop(reference, None)
        # An annotation stands for several fields: what is found at each is one problem.
        problems = list(dict.fromkeys(self._intake.problem(finding) for finding in findings))
        self._problems.replace(_owner(reference), problems)


def _owner(reference: Reference) -> Owner:
    return ("check", reference)
