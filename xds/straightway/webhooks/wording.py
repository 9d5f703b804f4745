"""What kubectl shows of problems: paths that can be searched for, and what to write instead.

A review has no file and no lines: kubectl sends JSON. A line in ``kubectl get -o yaml`` would be
that of another text than the author's, so the path is given, with the name of the list item that an
index stands for, and the command that prints the lines.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from straightway.api.parse import Parsed
from straightway.api.paths import path_text
from straightway.api.texts import quoted
from straightway.documents import Finding, Problem
from straightway.webhooks.admission import Answer, Cause

MOST_CAUSES: Final = 20
"""How many errors a denial lists."""
HINT: Final = "For the lines in your file: straightway validate FILE"
_NOT_IN_FORCE: Final = "Not in force: "
_STEP = re.compile(r"\.?([A-Za-z_][A-Za-z0-9_-]*)|\[(\d+)\]")


def denial(
    parsed: Parsed,
    body: Mapping[str, Any],
    errors: Sequence[Problem],
    warnings: Sequence[Problem],
) -> Answer:
    """Return the answer that denies an object for its errors, each with its path."""
    first, further = errors[:MOST_CAUSES], len(errors) - MOST_CAUSES
    causes = [
        Cause(problem.path or "object", problem.message + _named_on(problem.path, body))
        for problem in first
    ]
    lines = [f"{cause.path}: {cause.message}" for cause in causes]
    if further > 0:
        lines.append(f"{further} more errors are not listed: fix these first.")
    reference = parsed.reference or errors[0].reference
    subject = f"{reference} is invalid" if reference else "The object is invalid"
    return Answer(
        allowed=False,
        message="\n".join([f"{subject}:", *(f"* {line}" for line in lines), HINT]),
        causes=tuple(causes),
        warnings=(f"Straightway denies this object. {HINT}", *map(warning_of, warnings)),
        group=reference.group if reference else "",
        kind=reference.kind if reference else "",
        name=reference.name if reference else "",
    )


def warning_of(problem: Problem) -> str:
    """Return a problem of an object that is stored as a warning, even if it is an error."""
    return f"{_NOT_IN_FORCE if problem.is_error else ''}{_at(problem.path)}{problem.message}"


def warning_of_finding(finding: Finding) -> str:
    """Return what a check between objects found as a warning."""
    return f"{_at(path_text(finding.path))}{finding.message}"


def _at(path: str) -> str:
    return f"{path}: " if path else ""


def _named_on(path: str, body: Any) -> str:
    """Return the name of the outermost list item on a path, if it has one: nobody counts to 17."""
    here, field = body, ""
    for step in _STEP.finditer(path):
        name, index = step.groups()
        try:
            here = here[int(index)] if index else here[name]
        except (KeyError, IndexError, TypeError):
            return ""
        if index and isinstance(here, Mapping) and isinstance(here.get("name"), str):
            return f" ({field}[{index}] is {quoted(here['name'])}.)"
        field = name or field
    return ""
