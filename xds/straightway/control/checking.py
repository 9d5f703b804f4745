"""The checks between objects, each run again when something that it read has changed."""

from __future__ import annotations

from collections.abc import Iterable

from straightway.checks import check, has_check
from straightway.documents import Finding, Owner, ProblemStore, Reference
from straightway.intake import Intake
from straightway.units import Call, NotMadeError, Units


class Checking:
    """Holds a check for each object that has one, and records their findings as problems."""

    def __init__(self, units: Units, intake: Intake, problems: ProblemStore) -> None:
        self._units = units
        self._intake = intake
        self._problems = problems
        self._checked: set[Reference] = set()

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
                self._problems.replace(_owner(reference), ())
        return due

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
        problems = (self._intake.problem(finding) for finding in findings)
        self._problems.replace(_owner(reference), problems)


def _owner(reference: Reference) -> Owner:
    return ("check", reference)
