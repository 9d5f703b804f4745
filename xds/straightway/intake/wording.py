"""The problems of a claim, and what they say about the version that remains in force."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from straightway.api import generation_of
from straightway.api.codes import Code
from straightway.documents import Problem
from straightway.intake.claims import Claim
from straightway.intake.codes import IntakeCode
from straightway.intake.reading import place_of

KEPT = "The last good version stays in force."
KEPT_UNREAD = "What was read here before stays in force."
NOTHING_IN_FORCE = "There is no earlier good version, so nothing is in force for it."


def problems_of(claim: Claim, winner: Claim, *, serves: bool) -> Iterator[Problem]:
    """Yield the problems of a claim to a name that ``winner`` won, usually the claim itself.

    ``serves`` is whether this is a server, so that it matters what is in force.
    """
    if winner is not claim:
        if winner.document.body != claim.document.body:
            yield _duplicate(claim, winner)
            yield from claim.parsed.problems
        return
    said = ""
    if claim.is_kept:
        said = KEPT
    elif claim.object is None and serves:
        said = NOTHING_IN_FORCE
    for problem in claim.parsed.problems:
        yield saying(said, problem)


def saying(said: str, problem: Problem) -> Problem:
    """Add to an error what remains in force; a warning already says what happens."""
    if not said or not problem.is_error:
        return problem
    return replace(problem, message=f"{problem.message} {said}")


def saying_of_bundle(said: str, problem: Problem) -> Problem:
    """Have a problem of a whole bundle say what is in force; all but a count of others are."""
    if not said or problem.code == Code.FURTHER_PROBLEMS:
        return problem
    return replace(problem, message=f"{problem.message} {said}")


def _duplicate(claim: Claim, winner: Claim) -> Problem:
    reference = claim.slot.reference
    return Problem(
        origin=place_of(claim.document.origin, ("metadata", "name")),
        reference=reference,
        generation=generation_of(claim.document.body),
        path="metadata.name",
        code=IntakeCode.DUPLICATE_OBJECT,
        severity=IntakeCode.DUPLICATE_OBJECT.severity,
        message=(
            f"{reference} is already defined at {place_of(winner.document.origin)}, which "
            "takes precedence: the older object wins by creationTimestamp, then by file name and "
            "position, so a file added now can displace one that serves. Remove or rename one of "
            "the two."
        ),
    )
