"""HTTPMatchRequest → RouteMatch: which requests a route is for."""

from __future__ import annotations

from typing import TypeAlias

from envoy.config.route.v3 import route_components_pb2
from envoy.type.matcher.v3 import string_pb2

from straightway.api.matching import HeaderMatch
from straightway.api.virtual_service import HttpMatch

RouteMatch: TypeAlias = route_components_pb2.RouteMatch

# Istio writes these fields of a match where Envoy has a pseudo-header.
_PSEUDO_HEADERS = (("method", ":method"), ("authority", ":authority"), ("scheme", ":scheme"))


def route_match(match: HttpMatch | None) -> RouteMatch:
    """Return the RouteMatch of an HTTPMatchRequest; None matches every request."""
    result = RouteMatch()
    if match is None:
        result.prefix = "/"
        return result
    _set_path(result, match)
    for name, header in _PSEUDO_HEADERS:
        text: HeaderMatch | None = getattr(match, name)
        if text is not None:
            _add_header(result, header, text)
    for name, text in sorted(match.headers.items()):
        _add_header(result, name.lower(), text)
    for name, text in sorted(match.without_headers.items()):
        _add_header(result, name.lower(), text, invert=True)
    for name, text in sorted(match.query_params.items()):
        _add_query_parameter(result, name, text)
    return result


def matches_everything(match: RouteMatch) -> bool:
    """Whether no route behind this one can be reached."""
    return match.prefix == "/" and not match.headers and not match.query_parameters


def _set_path(result: RouteMatch, match: HttpMatch) -> None:
    uri = match.uri
    if uri is None:
        result.prefix = "/"
    elif uri.exact is not None:
        result.path = uri.exact
    elif uri.prefix is not None:
        result.prefix = uri.prefix
    elif uri.regex is not None:
        result.safe_regex.regex = uri.regex
    if match.ignore_uri_case and uri is not None and uri.regex is None:
        result.case_sensitive.value = False


def _add_header(result: RouteMatch, name: str, text: HeaderMatch, *, invert: bool = False) -> None:
    matcher = result.headers.add(name=name, invert_match=invert)
    if is_presence(text):
        matcher.present_match = True
        return
    matcher.string_match.CopyFrom(string_matcher(text))
    # A header that is missing has not the value; Envoy alone would say that nothing is known of it.
    matcher.treat_missing_header_as_empty = invert


def _add_query_parameter(result: RouteMatch, name: str, text: HeaderMatch) -> None:
    matcher = result.query_parameters.add(name=name)
    if is_presence(text):
        matcher.present_match = True
    else:
        matcher.string_match.CopyFrom(string_matcher(text))


def is_presence(text: HeaderMatch) -> bool:
    """Whether a match asks only that there is a value (an empty one, or a regex for anything)."""
    return not (text.exact or text.prefix or text.regex) or text.regex == ".*"


def string_matcher(text: HeaderMatch) -> string_pb2.StringMatcher:
    """Return the StringMatcher of a text match; a regex must match the whole value."""
    if text.exact is not None:
        return string_pb2.StringMatcher(exact=text.exact)
    if text.prefix is not None:
        return string_pb2.StringMatcher(prefix=text.prefix)
    matcher = string_pb2.StringMatcher()
    matcher.safe_regex.regex = text.regex or ""
    return matcher
