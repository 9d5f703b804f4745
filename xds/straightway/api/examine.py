"""Finding everything that is wrong with an object, once validation has failed.

A failing validator hides the checks that would follow it. So the wrong parts are removed and the
rest is validated again, until nothing new is found.

The work is proportional to the object: a bounded number of validations, each of which is linear,
and only the problems that are listed get a message.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pydantic import ValidationError

from straightway.api.codes import Code
from straightway.api.faults import Attempt
from straightway.api.messages import Written, code_of, message_of
from straightway.api.objects import ApiObject
from straightway.api.paths import Path, path_in, without
from straightway.documents import Severity

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

MOST_LISTED: Final = 100
"""The most problems of one object that are listed; nobody reads more before fixing some."""
_MOST_ROUNDS = 10
"""The most further validations: two for each level of nested checks."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One problem, at a path of raw YAML keys and indices."""

    path: Path
    code: Code
    message: str


@dataclass(frozen=True, slots=True)
class _Mistake:
    """A validation error at one path; its message is made only if it is listed."""

    code: Code
    details: ErrorDetails

    @property
    def is_error(self) -> bool:
        return self.code.severity is Severity.ERROR


_Mistakes = dict[Path, _Mistake]


def examine(
    model: type[ApiObject], body: object, error: ValidationError, written: Written
) -> tuple[ApiObject | None, list[Finding]]:
    """Return the object, if there are only warnings, and everything that is wrong.

    ``written`` returns the text of a value as it is written in the file. At most
    :data:`MOST_LISTED` problems are listed, errors before warnings, and then how many more there
    are.
    """
    mistakes = _collect(model, body, error)
    accepted = None
    if not any(each.is_error for each in mistakes.values()):
        try:
            accepted = model.model_validate(body, context=Attempt(loud=False))
        except ValidationError as hidden:
            # What looked like the lack of something with a warning was itself wrong.
            mistakes |= _mistakes(body, hidden)
    return accepted, _listed(model, mistakes, written)


def _collect(model: type[ApiObject], body: object, error: ValidationError) -> _Mistakes:
    found = _mistakes(body, error)
    removed = set(found)
    lacking: set[Path] = set()
    for _ in range(_MOST_ROUNDS):
        if len(found) > MOST_LISTED:
            break
        lacking.update(path[:end] for path in removed for end in range(len(path) + 1))
        again = _mistakes_of(model, without(body, removed))
        # An error at a parent of a removed field only reports its absence; but if there is no other
        # error, the parent has to be removed as well, so that the checks around it run.
        fresh = {path: mistake for path, mistake in again.items() if path not in lacking}
        if removed.issuperset(fresh or again):
            break
        found |= fresh
        removed.update(fresh or again)
    return found


def _mistakes_of(model: type[ApiObject], body: object) -> _Mistakes:
    try:
        model.model_validate(body, context=Attempt())
    except ValidationError as error:
        return _mistakes(body, error)
    return {}


def _mistakes(body: object, error: ValidationError) -> _Mistakes:
    """Return one mistake per path: further errors there are other readings of the same value.

    An error replaces a warning.
    """
    found: _Mistakes = {}
    for details in error.errors(include_url=False):
        path = path_in(body, details["loc"])
        before = found.get(path)
        if before is None or not before.is_error:
            found[path] = _Mistake(code_of(details), details)
    return found


def _listed(
    model: type[ApiObject], mistakes: Mapping[Path, _Mistake], written: Written
) -> list[Finding]:
    chosen = list(mistakes)
    if len(mistakes) > MOST_LISTED:
        errors_first = sorted(mistakes, key=lambda path: not mistakes[path].is_error)
        kept = set(errors_first[:MOST_LISTED])
        chosen = [path for path in mistakes if path in kept]
    findings = [
        Finding(path, mistakes[path].code, message_of(model, path, mistakes[path].details, written))
        for path in chosen
    ]
    more = len(mistakes) - len(findings)
    if more:
        problems = "problem of this object is" if more == 1 else "problems of this object are"
        message = f"At least {more:,} more {problems} not listed: fix these first."
        findings.append(Finding((), Code.FURTHER_PROBLEMS, message))
    return findings
