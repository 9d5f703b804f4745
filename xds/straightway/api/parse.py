"""Parses a document into an object, or into everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError

from straightway.api.annotations import Expansion, expand
from straightway.api.codes import Code
from straightway.api.examine import Finding, examine
from straightway.api.extent import excess
from straightway.api.faults import Attempt
from straightway.api.identity import (
    generation_of,
    identify,
    reference_of,
    written_reference,
)
from straightway.api.objects import ApiObject
from straightway.api.paths import Path, path_text
from straightway.api.pruning import pruned
from straightway.api.texts import quoted
from straightway.documents import Document, Problem, Reference, Severity


@dataclass(frozen=True, slots=True)
class Parsed:
    """The result of parsing a document. ``object`` is None if any problem is an error.

    ``reference`` is None if the document cannot be identified: then it may stand for any object
    that its file held before.
    """

    reference: Reference | None
    object: ApiObject | None
    problems: tuple[Problem, ...] = ()


def parse(document: Document) -> Parsed:
    """Return the document's object and warnings, or all of its problems. Never raises."""
    return parse_known(document) or _parsed(document, None, [_not_read(document.body)])


def parse_known(document: Document) -> Parsed | None:
    """Do the same, but return None for a document of another kind, which nobody here reads."""
    body: object = document.body
    found = identify(body)
    if found is None:
        return None
    if isinstance(found, Finding):
        return _parsed(document, None, [found])
    too_much = None if document.is_small else excess(body)
    if too_much is not None:
        return _parsed(document, None, [Finding((), Code.OBJECT_TOO_LARGE, too_much)])
    expansion = expand(found, document.body)
    findings = [*expansion.findings, *pruned(found, expansion.body)]
    try:
        accepted = found.model_validate(expansion.body, context=Attempt())
    except ValidationError as error:
        return _examined(document, found, expansion, error, findings)
    if findings:
        return _parsed(document, accepted, findings)
    return Parsed(accepted.reference, accepted)


def _examined(
    document: Document,
    model: type[ApiObject],
    expansion: Expansion,
    error: ValidationError,
    findings: list[Finding],
) -> Parsed:
    """Find everything that is wrong; of an annotation's value in one of its places only."""

    def written(path: Path) -> str | None:
        return document.origin.written(expansion.written(path))

    if expansion.sample is not expansion.body:
        error = _error_of(model, expansion.sample) or error
    accepted, found = examine(model, expansion.sample, error, written)
    if accepted is not None and expansion.sample is not expansion.body:
        accepted = model.model_validate(expansion.body, context=Attempt(loud=False))
    findings += [replace(each, path=expansion.written(each.path)) for each in found]
    return _parsed(document, accepted, findings)


def _error_of(model: type[ApiObject], body: Mapping[str, Any]) -> ValidationError | None:
    try:
        model.model_validate(body, context=Attempt())
    except ValidationError as error:
        return error
    return None


def _not_read(body: Mapping[str, Any]) -> Finding:
    message = f"{quoted(body['kind'])} of {quoted(body['apiVersion'])} is not a supported kind."
    return Finding(("kind",), Code.UNKNOWN_KIND, message)


def _parsed(document: Document, accepted: ApiObject | None, findings: list[Finding]) -> Parsed:
    """Attach origins and the subject to what was found."""
    written, generation = written_reference(document.body), generation_of(document.body)
    problems = tuple(
        Problem(
            origin=document.origin.at(finding.path),
            reference=written,
            generation=generation,
            path=path_text(finding.path),
            code=finding.code,
            severity=finding.code.severity,
            message=finding.message,
        )
        for finding in findings
    )
    errors = any(problem.severity is Severity.ERROR for problem in problems)
    return Parsed(reference_of(document.body), None if errors else accepted, problems)
