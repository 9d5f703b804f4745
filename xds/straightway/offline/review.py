"""Review: everything that is wrong with a config, in single objects and between them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from straightway.catalog import ROOT_NAMESPACE, Catalog
from straightway.checks import check, has_check
from straightway.documents import Bundle, Problem, Reference
from straightway.intake import Intake
from straightway.units import Call, Units

_SOURCE = "config"


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A config that was read once: its accepted objects, and all its problems, by place.

    ``passed_over`` are the documents of unsupported kinds, each with its place.
    """

    catalog: Catalog
    problems: list[Problem]
    passed_over: tuple[str, ...]

    @property
    def has_errors(self) -> bool:
        """Whether any problem is an error."""
        return any(problem.is_error for problem in self.problems)


def review(bundles: Iterable[Bundle], root_namespace: str = ROOT_NAMESPACE) -> Reviewed:
    """Accept the valid objects of some bundles, and find everything that is wrong."""
    intake = Intake()
    accepted = intake.apply(_SOURCE, bundles, now=0.0)
    catalog = Catalog(root_namespace)
    catalog.change(accepted.changes)
    problems = sorted([*intake.problems(), *problems_between(intake, catalog, accepted.changes)])
    return Reviewed(catalog, problems, accepted.passed_over)


def problems_between(
    intake: Intake, catalog: Catalog, references: Iterable[Reference]
) -> Iterator[Problem]:
    """Yield what is wrong between some objects of a catalog and the rest."""
    units = Units(catalog)
    with units.keeping():
        for reference in references:
            item = catalog.object(reference)
            if item is not None and has_check(item):
                findings = units.get(Call(check, (reference,)))
                yield from dict.fromkeys(intake.problem(finding) for finding in findings)
