"""Match → RouteMatch: which requests a route applies to."""

from __future__ import annotations

from functools import lru_cache
from typing import TypeAlias

import re2
from envoy.config.route.v3 import route_components_pb2
from envoy.type.matcher.v3 import string_pb2

from straightway.routing.http import HeaderMatch, Match, PathMatch, TextKind, TextMatch

RouteMatch: TypeAlias = route_components_pb2.RouteMatch
StringMatcher: TypeAlias = string_pb2.StringMatcher


def set_match(result: RouteMatch, match: Match) -> None:
    """Set the conditions of a match. See :func:`lacks_missing` for what it cannot express."""
    if match.path is None:
        result.prefix = "/"
    else:
        _set_path(result, match.path)
    for header in match.headers:
        _add_header(result, header)
    for parameter in match.query:
        matcher = result.query_parameters.add(name=parameter.name)
        if parameter.text.kind is TextKind.PRESENT:
            matcher.present_match = True
        else:
            set_text(matcher.string_match, parameter.text)


def lacks_missing(header: HeaderMatch) -> bool:
    """Whether Envoy's matcher misses requests without the header that the condition admits.

    Envoy can treat a missing header in two ways: it fails every condition, or it counts as empty.
    If an inverted condition excludes the empty value, neither is right, and the first is used.
    """
    return header.inverted and _admits_empty(header.text)


def _set_path(result: RouteMatch, path: PathMatch) -> None:
    if path.kind is TextKind.EXACT:
        result.path = path.text
    elif path.kind is TextKind.PREFIX:
        result.prefix = path.text
    else:
        result.safe_regex.regex = path.text
    if path.ignore_case and path.kind is not TextKind.REGEX:
        result.case_sensitive.value = False


def _add_header(result: RouteMatch, header: HeaderMatch) -> None:
    matcher = result.headers.add(name=header.name, invert_match=header.inverted)
    if header.text.kind is TextKind.PRESENT:
        matcher.present_match = True
        return
    set_text(matcher.string_match, header.text)
    # A missing header does not have the value; by default Envoy treats it as unknown.
    if header.inverted and not _admits_empty(header.text):
        matcher.treat_missing_header_as_empty = True


def set_text(matcher: StringMatcher, text: TextMatch) -> None:
    """Set how a string is compared, other than by presence."""
    if text.kind is TextKind.EXACT:
        matcher.exact = text.text
    elif text.kind is TextKind.PREFIX:
        matcher.prefix = text.text
    else:
        matcher.safe_regex.regex = text.text


def _admits_empty(text: TextMatch) -> bool:
    if text.kind is TextKind.REGEX:
        return _matches_empty(text.text)
    return text.kind is TextKind.EXACT and not text.text


@lru_cache(maxsize=1024)
def _matches_empty(regex: str) -> bool:
    return re2.fullmatch(regex, "") is not None
