"""HTTPMatchRequest → Match: which requests a rule applies to."""

from __future__ import annotations

from collections.abc import Iterator

from straightway.api.matching import HeaderMatch as IstioText
from straightway.api.matching import UriMatch
from straightway.api.virtual_service import HttpMatch
from straightway.routing.http import (
    EVERY_REQUEST,
    PRESENT,
    HeaderMatch,
    Match,
    PathMatch,
    QueryMatch,
    TextKind,
    TextMatch,
)


def match_of(match: HttpMatch | None) -> Match:
    """Return the conditions of an HTTPMatchRequest; None matches every request.

    ``port`` and ``gateways`` say where a match applies, not to which requests; the caller checks
    them. Conditions are sorted by name, whatever their order in the object.
    """
    if match is None:
        return EVERY_REQUEST
    return Match(
        path=_path(match.uri, ignore_case=match.ignore_uri_case) if match.uri else None,
        headers=tuple(_headers(match)),
        query=tuple(
            QueryMatch(name, text_match(text)) for name, text in sorted(match.query_params.items())
        ),
    )


def _headers(match: HttpMatch) -> Iterator[HeaderMatch]:
    # Istio has separate fields for the pseudo-headers of HTTP/2.
    pseudo = ((":method", match.method), (":authority", match.authority), (":scheme", match.scheme))
    for name, text in pseudo:
        if text is not None:
            yield HeaderMatch(name, text_match(text))
    for name, value in sorted(match.headers.items()):
        yield HeaderMatch(name.lower(), text_match(value))
    for name, value in sorted(match.without_headers.items()):
        yield HeaderMatch(name.lower(), text_match(value), inverted=True)


def _path(uri: UriMatch, *, ignore_case: bool) -> PathMatch:
    if uri.exact is not None:
        return PathMatch(TextKind.EXACT, uri.exact, ignore_case)
    if uri.prefix is not None:
        return PathMatch(TextKind.PREFIX, uri.prefix, ignore_case)
    return PathMatch(TextKind.REGEX, uri.regex or "")


def text_match(text: IstioText) -> TextMatch:
    """Return a StringMatch; an empty one, or a regex that matches anything, means presence."""
    if text.exact is not None:
        return TextMatch(TextKind.EXACT, text.exact)
    if text.prefix is not None:
        return TextMatch(TextKind.PREFIX, text.prefix)
    if text.regex is None or text.regex == ".*":
        return PRESENT
    return TextMatch(TextKind.REGEX, text.regex)
