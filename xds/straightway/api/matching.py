"""How a text of a request is compared: exact, prefix or regex."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated

import re2
from pydantic import AfterValidator

from straightway.api.codes import Code
from straightway.api.faults import Fault, wrong
from straightway.api.model import CheckedModel
from straightway.api.values import quoted

_RE2 = re2.Options()
_RE2.log_errors = False
# What our bootstraps and Istio's set as re2.max_program_size.error_level; Envoy's default is 100.
_LARGEST_PROGRAM = 32_768


def _check_regex(value: str) -> str:
    """Accept what RE2 does: it is Envoy's engine, and Envoy rejects all routes for a bad one."""
    if not value:
        raise wrong(Code.EMPTY_FIELD, "An empty regular expression matches nothing: write one.")
    try:
        size = re2.compile(value, options=_RE2).programsize
    except re2.error as error:
        reason = error.args[0].decode() if error.args else "it cannot be read"
        message = (
            f"{quoted(value)} is not a regular expression that Envoy takes: {reason}. Envoy uses "
            "RE2, which has no look-around and no back-references."
        )
        raise wrong(Code.INVALID_REGEX, message) from None
    if size > _LARGEST_PROGRAM:
        message = (
            f"{quoted(value)} is too large for Envoy (a program of {size} instructions, where "
            f"{_LARGEST_PROGRAM} are allowed): write several matches, or prefixes."
        )
        raise wrong(Code.INVALID_REGEX, message)
    return value


Regex = Annotated[str, AfterValidator(_check_regex)]


class HeaderMatch(CheckedModel):
    """The value of a header or query parameter. Nothing given: it need only be present.

    ``regex`` matches the whole text (RE2).
    """

    exact: str | None = None
    prefix: str | None = None
    regex: Regex | None = None

    def faults(self) -> Iterable[Fault]:
        """Yield what is wrong between the fields."""
        given = [name for name in ("exact", "prefix", "regex") if getattr(self, name) is not None]
        if len(given) > 1:
            message = f"Write only one of {' and '.join(given)}."
            yield Fault(Code.CONFLICTING_FIELDS, message, (given[1],))
        if self.prefix == "":
            message = "An empty prefix matches everything: leave this match out, or write a prefix."
            yield Fault(Code.EMPTY_FIELD, message, ("prefix",))
        yield from self._further_faults()

    def _further_faults(self) -> Iterable[Fault]:
        return ()


class StringMatch(HeaderMatch):
    """A text that every request has: exactly one of ``exact``, ``prefix`` and ``regex``."""

    def _further_faults(self) -> Iterator[Fault]:
        if self.exact is None and self.prefix is None and self.regex is None:
            message = "Say how to compare: write exact, prefix or regex, and the text."
            yield Fault(Code.MISSING_FIELD, message)
        if self.exact == "":
            message = "An empty text never occurs here: write the text to compare with."
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
                message = "Paths are compared without their query: write queryParams for that."
                yield Fault(Code.NEVER_MATCHES, message, (name,))
