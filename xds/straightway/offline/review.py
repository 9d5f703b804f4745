"""Review: everything that is wrong with some config, in single objects and between them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from straightway.catalog import Catalog, check
from straightway.documents import Bundle, Problem
from straightway.intake import Intake
from straightway.translate.transcoding import check_descriptors


@dataclass(frozen=True, slots=True)
class Reviewed:
    """Config that was read once: what of it is accepted, and all its problems, by place.

    ``passed_over`` are the documents of kinds that are not read, each with its place.
    """

    catalog: Catalog
    problems: list[Problem]
    passed_over: tuple[str, ...]

    @property
    def has_errors(self) -> bool:
        """Whether any problem is an error."""
        return any(problem.is_error for problem in self.problems)


def review(bundles: Iterable[Bundle]) -> Reviewed:
    """Accept what is right in some bundles, and find everything that is wrong."""
    intake = Intake()
    accepted = intake.apply("paths", bundles, now=0.0)
    catalog, _ = Catalog().changed(accepted.changes)
    problems = sorted([*intake.problems(), *problems_between(intake, catalog)])
    return Reviewed(catalog, problems, accepted.passed_over)


def problems_between(intake: Intake, catalog: Catalog) -> list[Problem]:
    """Return the problems between the objects of a catalog."""
    findings = [*check(catalog), *check_descriptors(catalog.transcoders)]
    return [intake.problem(finding) for finding in findings]
