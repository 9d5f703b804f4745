"""Where a request's value for a subset key comes from.

What a request says is read in the order of the sources: the first that has a value wins. Of several
:class:`SubsetKey` for one key, the last that finds a value wins.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

LARGEST_BODY: Final = 32 << 20
"""Bytes of a request's body that are kept back until it is read, unless a key says otherwise."""


@dataclass(frozen=True, slots=True)
class HeaderSource:
    """A request header: its whole value, several joined by commas. An empty one has no value."""

    name: str


@dataclass(frozen=True, slots=True)
class CookieSource:
    """A cookie, as it is sent."""

    name: str


@dataclass(frozen=True, slots=True)
class QuerySource:
    """The first query parameter of that name that is not empty, percent-decoded."""

    name: str


@dataclass(frozen=True, slots=True)
class PathSource:
    """The part of the path between two regular expressions (RE2, no groups), percent-decoded.

    Together they match the whole path without its query. Of several divisions the one with the
    shortest value counts; it may contain slashes.
    """

    before: str
    after: str = ""


@dataclass(frozen=True, slots=True)
class PathRegex:
    """What the only group of a regular expression (RE2) matches, percent-decoded.

    The expression matches the whole path; a query may follow.
    """

    text: str


@dataclass(frozen=True, slots=True)
class BodySource:
    """A member of a JSON body: the names that lead to it. A number counts as its text."""

    path: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GrpcSource:
    """Fields of the first message of a call: of the Open Inference Protocol, the first set one."""

    fields: tuple[str, ...]


Source: TypeAlias = (
    HeaderSource | CookieSource | QuerySource | PathSource | PathRegex | BodySource | GrpcSource
)


@dataclass(frozen=True, slots=True)
class SubsetKey:
    """The sources of a request's value for a key; without a value it selects no subset by the key.

    ``aliases`` are pairs of what is sent and the value that it means. The backend sees the latter
    in a header, the query, and a :class:`PathSource`; elsewhere it sees what was sent.
    ``largest_body`` is in bytes: requests with more are answered with 413.
    """

    key: str
    sources: tuple[Source, ...]
    aliases: tuple[tuple[str, str], ...] = ()
    largest_body: int = LARGEST_BODY
