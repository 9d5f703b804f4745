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
from straightway.api.validated import built
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
    if document.is_valid and (trusted := built(document.body)) is not None:
        return Parsed(trusted.reference, trusted)
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
    placed = expansion.body if expansion else document.body
    findings = pruned(found, placed)
    if expansion:
        findings = [*expansion.findings, *findings]
    try:
        accepted = found.model_validate(placed, context=Attempt())
    except ValidationError as error:
        anyway, mistakes = (
            _examine_expanded(document, found, expansion)
            if expansion
            else examine(found, placed, error, document.origin.written)
        )
        return _parsed(document, anyway, [*findings, *mistakes])
    if findings:
        return _parsed(document, accepted, findings)
    return Parsed(accepted.reference, accepted)


def _examine_expanded(
    document: Document, model: type[ApiObject], expansion: Expansion
) -> tuple[ApiObject | None, list[Finding]]:
    """Examine a document with annotations: each mistake once, at the place where it is written."""

    def written(path: Path) -> str | None:
        return document.origin.written(expansion.written(path))

    accepted: ApiObject | None
    mistakes: list[Finding] = []
    try:
        # A value has the same mistakes in all of its places.
        accepted = model.model_validate(expansion.sample, context=Attempt())
    except ValidationError as error:
        accepted, mistakes = examine(model, expansion.sample, error, written)
    if accepted is not None:
        accepted = model.model_validate(expansion.body, context=Attempt(loud=False))
    return accepted, [replace(each, path=expansion.written(each.path)) for each in mistakes]


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
