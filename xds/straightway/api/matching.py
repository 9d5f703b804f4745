"""How a string in a request is compared: exact, prefix or regex."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Annotated

import re2
from pydantic import AfterValidator, ValidationInfo

from straightway.api.checked import Says
from straightway.api.codes import Code
from straightway.api.faults import Attempt, Fault, wrong
from straightway.api.model import CheckedModel
from straightway.api.texts import quoted, shown

_RE2 = re2.Options()
_RE2.log_errors = False
_RE2.max_mem = 3 << 20  # Bytes: enough for the largest program, and little work for a larger one.
# re2.max_program_size.error_level in our bootstraps and in Istio's; Envoy's default is 100.
_LARGEST_PROGRAM = 32_768


def _check_regex(value: str, info: ValidationInfo) -> str:
    """Accept what RE2 accepts: it is Envoy's engine, and Envoy rejects all routes for a bad one."""
    if not value:
        raise wrong(Code.EMPTY_FIELD, "An empty regular expression matches nothing: write one.")
    if isinstance(info.context, Attempt) and info.context.instructions <= 0:
        message = "The regular expressions of this object are too large together: use prefixes."
        raise wrong(Code.OBJECT_TOO_LARGE, message)
    size, reason = _compiled(value)
    if isinstance(info.context, Attempt):
        info.context.instructions -= size
    if reason:
        message = (
            f"{quoted(value)} is not a valid regular expression in Envoy: {reason}. Envoy uses "
            "RE2, which has no look-around and no back-references."
        )
        raise wrong(Code.INVALID_REGEX, message)
    if size > _LARGEST_PROGRAM:
        message = (
            f"{quoted(value)} is too large for Envoy, which takes {_LARGEST_PROGRAM:,} RE2 "
            "instructions at most: write several matches, or prefixes."
        )
        raise wrong(Code.INVALID_REGEX, message)
    return value


@lru_cache(maxsize=256)  # An object with problems is validated several times.
def _compiled(value: str) -> tuple[int, str]:
    """Return the number of RE2 instructions of an expression, and why it has none."""
    too_large = _LARGEST_PROGRAM + 1
    if len(value) > _LARGEST_PROGRAM:
        return too_large, ""
    try:
        return re2.compile(value, options=_RE2).programsize, ""
    except re2.error as error:
        reason = shown(error.args[0].decode(errors="replace")) if error.args else "it is invalid"
        return (too_large, "") if "too large" in reason else (len(value), reason)


Regex = Annotated[str, AfterValidator(_check_regex), Says(minLength=1, maxLength=_LARGEST_PROGRAM)]
_ROOM = 100  # Instructions for what stands around an expression that is part of a larger one.


def _check_whole(value: str) -> str:
    """Accept an expression that can stand in a larger one and has one group, which is the value."""
    size, reason = _compiled(f"(?:{value})")
    if reason:
        message = f"{quoted(value)} cannot stand in a larger expression: end \\Q with \\E."
        raise wrong(Code.INVALID_REGEX, message)
    if size > _LARGEST_PROGRAM - _ROOM:
        message = f"{quoted(value)} is too large for Envoy: write several, or templates."
        raise wrong(Code.INVALID_REGEX, message)
    if (groups := re2.compile(value, options=_RE2).groups) != 1:
        message = (
            f"{quoted(value)} has {groups} groups: put the value, and nothing else, into "
            "parentheses; (?:…) groups without a value."
        )
        raise wrong(Code.INVALID_REGEX, message)
    return value


WholeRegex = Annotated[Regex, AfterValidator(_check_whole)]
"""A regular expression with one group, for the whole of a text."""
_NotEmpty = Annotated[str, Says(minLength=1)]


class HeaderMatch(CheckedModel):
    """The value of a header or query parameter; ``regex`` matches the whole text (RE2).

    All three None: it must be present, with any value. ``exact`` of ``""`` differs: it matches only
    an empty value.
    """

    exact: str | None = None
    """The whole text."""
    prefix: _NotEmpty | None = None
    """The beginning of the text."""
    regex: Regex | None = None
    """A regular expression (RE2) for the whole text."""

    def faults(self) -> Iterable[Fault]:
        """Yield what is wrong between the fields."""
        given = [name for name in ("exact", "prefix", "regex") if getattr(self, name) is not None]
        if len(given) > 1:
            message = f"Write only one of {' and '.join(given)}."
            yield Fault(Code.CONFLICTING_FIELDS, message, (given[1],))
        if self.prefix == "":
            message = "An empty prefix matches everything: remove this match, or write a prefix."
            yield Fault(Code.EMPTY_FIELD, message, ("prefix",))
        yield from self._further_faults()

    def _further_faults(self) -> Iterable[Fault]:
        return ()


class StringMatch(HeaderMatch):
    """A string that every request has: exactly one of ``exact``, ``prefix`` and ``regex``."""

    exact: _NotEmpty | None = None
    """The whole text."""

    def _further_faults(self) -> Iterator[Fault]:
        if self.exact is None and self.prefix is None and self.regex is None:
            message = "Say how to compare: write exact, prefix or regex, and the text."
            yield Fault(Code.MISSING_FIELD, message)
        if self.exact == "":
            message = "This is never empty: write the text to compare with."
            yield Fault(Code.EMPTY_FIELD, message, ("exact",))


class UriMatch(StringMatch):
    """The path of a request; ``regex`` and ``exact`` leave the query string out."""

    def _further_faults(self) -> Iterator[Fault]:
        yield from super()._further_faults()
        for name, text in (("exact", self.exact), ("prefix", self.prefix)):
            if text and not text.startswith("/"):
                message = f"Every path begins with a slash: write {quoted('/' + text)}."
                yield Fault(Code.NEVER_MATCHES, message, (name,))
            elif text and "?" in text:
                message = "Paths are compared without their query string: use queryParams for that."
                yield Fault(Code.NEVER_MATCHES, message, (name,))
