"""Finding everything that is wrong with an object, once validation has failed.

A validator that fails hides the checks that would follow it. So what was found wrong is taken out
and the rest validated again, until nothing new is found.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pydantic import ValidationError

from straightway.api.codes import Code
from straightway.api.faults import WARNED
from straightway.api.messages import describe
from straightway.api.objects import ApiObject
from straightway.api.paths import Path, path_in, without
from straightway.documents import Severity


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong, at a path of raw YAML keys and indices."""

    path: Path
    code: Code
    message: str


def examine(
    model: type[ApiObject], body: object, error: ValidationError
) -> tuple[ApiObject | None, list[Finding]]:
    """Return the object, if all that is wrong are warnings, and everything that is wrong."""
    findings: dict[Path, Finding] = {}
    current: ValidationError | None = error
    while current is not None:
        fresh = [each for each in _findings(model, body, current) if not _is_echo(each, findings)]
        if not fresh:
            break
        findings.update((finding.path, finding) for finding in fresh)
        current = _failure(model, without(body, findings))
    if any(each.code.severity is Severity.ERROR for each in findings.values()):
        return None, list(findings.values())
    try:
        return model.model_validate(body, context=WARNED), list(findings.values())
    except ValidationError as hidden:
        # What looked like the lack of something with a warning was wrong in itself.
        return None, [*findings.values(), *_findings(model, body, hidden)]


def _failure(model: type[ApiObject], body: object) -> ValidationError | None:
    try:
        model.model_validate(body)
    except ValidationError as error:
        return error
    return None


def _findings(model: type[ApiObject], body: object, error: ValidationError) -> list[Finding]:
    """Return one finding a path: further errors there are other readings of the same value.

    A warning gives way to an error.
    """
    found: dict[Path, Finding] = {}
    for details in error.errors(include_url=False):
        path = path_in(body, details["loc"])
        code, message = describe(model, path, details)
        if path not in found or found[path].code.severity is Severity.WARNING:
            found[path] = Finding(path, code, message)
    return list(found.values())


def _is_echo(finding: Finding, removed: Iterable[Path]) -> bool:
    """Whether this is only the lack of something that was taken out."""
    path = finding.path
    return any(path == each[: len(path)] for each in removed)
