"""From the documents of a bundle to claims, and the problems that belong to no object.

A bundle is read in steps, a few documents at a time: parsing is most of the work of the intake.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import structlog

from straightway.api import Parsed, generation_of, parse_known, reference_of
from straightway.api.codes import Code
from straightway.api.examine import MOST_LISTED
from straightway.api.texts import shown
from straightway.documents import Bundle, Document, Origin, Problem, Reference, Steps
from straightway.intake.claims import Claim, Place, Slot
from straightway.intake.codes import IntakeCode
from straightway.intake.mistakes import Mistakes

_log = structlog.get_logger()

_NOTHING: Mapping[str, object] = {}
_BATCH = 8
"""How many documents are read in one step."""


@dataclass(slots=True)
class Contents:
    """What a bundle holds.

    ``problems`` belong to no object: part of the bundle could not be read, or a document cannot be
    identified (``has_unidentified``). ``passed_over`` names the unsupported kinds, each with the
    place of its first document.
    """

    claims: dict[Slot, Claim] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    has_unidentified: bool = False
    passed_over: dict[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.claims or self.problems or self.passed_over)

    @property
    def has_broken(self) -> bool:
        """Whether any object has no good version in the bundle itself."""
        return any(claim.parsed.object is None for claim in self.claims.values())


class BundleReader:
    """Reads bundles, and contains every bug in that."""

    def __init__(self, mistakes: Mistakes) -> None:
        self._mistakes = mistakes

    def read(self, place: Place, bundle: Bundle, before: Mapping[Slot, Claim]) -> Steps[Contents]:
        """Read a bundle. Claims of ``before`` whose document is unchanged are reused."""
        known = {id(claim.document.body): claim for claim in before.values()}
        contents = Contents(problems=list(bundle.problems))
        ordinals: dict[Reference, int] = {}
        unidentified: list[Problem] = []
        for index, document in enumerate(bundle.documents, 1):
            same = known.get(id(document.body))
            parsed = same.parsed if same and _is_still_right(same, document) else None
            if parsed is None:
                parsed = self._parse(document)
            if parsed is None:
                kind, version = document.body.get("kind"), document.body.get("apiVersion")
                name = f"{shown(kind)} ({shown(version)})"
                contents.passed_over.setdefault(name, place_of(document.origin))
            elif parsed.reference is None:
                contents.has_unidentified = True
                unidentified += parsed.problems
            else:
                ordinal = ordinals.get(parsed.reference, 0)
                ordinals[parsed.reference] = ordinal + 1
                slot = Slot(parsed.reference, ordinal)
                if same and same.document is document and same.slot == slot:
                    contents.claims[slot] = same
                else:
                    contents.claims[slot] = Claim(place, slot, _kept(document, parsed), parsed)
            if not index % _BATCH:
                yield
        contents.problems += _first(unidentified)
        return contents

    def _parse(self, document: Document) -> Parsed | None:
        """Parse a document; None for one to be ignored. Contains every bug."""
        try:
            return parse_known(document)
        except Exception as error:  # noqa: BLE001 (the edge of our own code: logged with its cause)
            problem = _internal_error(document, error)
            self._mistakes.tell("parsing failed", at=problem.origin, object=problem.subject)
            return Parsed(problem.reference, None, (problem,))


def not_read(place: Place, earlier: Contents, error: Exception) -> Contents:
    """Return what a bundle holds that could not be read because of a bug: what it held before."""
    problem = Problem(
        origin=place.key,
        code=IntakeCode.INTERNAL_ERROR,
        severity=IntakeCode.INTERNAL_ERROR.severity,
        message=(
            f"Straightway failed to read this file ({type(error).__name__}), which is a bug in "
            "Straightway: please report it with the log lines."
        ),
    )
    return replace(earlier, problems=[*(p for p in earlier.problems if p != problem), problem])


def place_of(origin: Origin, path: tuple[str | int, ...] = ()) -> str:
    """Return the place of a path, even if looking for it fails."""
    try:
        return origin.at(path)
    except Exception:  # noqa: BLE001 (a line that is not found must not cost the problem itself)
        _log.exception("place of a problem not found", path=path)
        return ""


def _first(problems: list[Problem]) -> list[Problem]:
    """Return as many problems of a bundle as people read, and how many there are besides."""
    first, further = problems[:MOST_LISTED], problems[MOST_LISTED:]
    if further:
        code, message = Code.FURTHER_PROBLEMS, f"The file has {len(further):,} further problems."
        first.append(Problem(further[0].origin, code, code.severity, message))
    return first


def _kept(document: Document, parsed: Parsed) -> Document:
    """Return what is kept of a document beside its object.

    There may be 100,000 endpoints, and nobody needs more than their objects.
    """
    if document.is_durable or parsed.object is None:
        return document
    return Document(_NOTHING, document.origin, document.is_small, document.is_durable)


def _is_still_right(claim: Claim, document: Document) -> bool:
    """Whether the result of parsing a document is still valid: problems contain its lines."""
    return claim.document is document or not claim.parsed.problems


def _internal_error(document: Document, error: Exception) -> Problem:
    try:
        reference, generation = reference_of(document.body), generation_of(document.body)
    except Exception:  # noqa: BLE001 (what failed once may fail again)
        reference = generation = None
    return Problem(
        origin=place_of(document.origin),
        reference=reference,
        generation=generation,
        code=IntakeCode.INTERNAL_ERROR,
        severity=IntakeCode.INTERNAL_ERROR.severity,
        message=(
            f"Straightway failed to read this object ({type(error).__name__}), which is a bug "
            "in Straightway: please report it with the log lines."
        ),
    )
