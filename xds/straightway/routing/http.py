"""Virtual hosts and rules: which requests are meant, and what happens to them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TypeAlias

NO_LIMIT = timedelta()
"""A timeout that never ends a request."""


class TextKind(StrEnum):
    """How a text is compared. PRESENT: any value, an empty one too."""

    EXACT = "exact"
    PREFIX = "prefix"
    REGEX = "regex"
    PRESENT = "present"


@dataclass(frozen=True, slots=True)
class TextMatch:
    """A comparison of one text; a regex (RE2) must match all of it."""

    kind: TextKind
    text: str = ""


PRESENT = TextMatch(TextKind.PRESENT)


@dataclass(frozen=True, slots=True)
class PathMatch:
    """A comparison of the path without its query: EXACT, PREFIX (of characters) or REGEX.

    ``ignore_case`` has no meaning for a regex.
    """

    kind: TextKind
    text: str
    ignore_case: bool = False


@dataclass(frozen=True, slots=True)
class HeaderMatch:
    """A condition on a header: ``name`` in lower case, or ``:method``, ``:authority``, ``:scheme``.

    A header that is missing fulfils no condition; so it does fulfil every ``inverted`` one.
    """

    name: str
    text: TextMatch
    inverted: bool = False


@dataclass(frozen=True, slots=True)
class QueryMatch:
    """A condition on a query parameter; a missing one fulfils none."""

    name: str
    text: TextMatch


@dataclass(frozen=True, slots=True)
class Match:
    """Conditions that must all hold; ``path`` None admits every path."""

    path: PathMatch | None = None
    headers: tuple[HeaderMatch, ...] = ()
    query: tuple[QueryMatch, ...] = ()

    @property
    def admits_all(self) -> bool:
        """Whether every request matches, so that no rule behind this one is reached."""
        path = self.path
        any_path = path is None or (path.kind is TextKind.PREFIX and path.text == "/")
        return any_path and not self.headers and not self.query


EVERY_REQUEST = Match()

Header: TypeAlias = tuple[str, str]
"""A header's name and value."""


@dataclass(frozen=True, slots=True)
class HeaderChanges:
    """Changes to headers, in this order: ``remove``, ``set`` (replaces), ``add`` (appends)."""

    set: tuple[Header, ...] = ()
    add: tuple[Header, ...] = ()
    remove: tuple[str, ...] = ()

    def then(self, later: HeaderChanges) -> HeaderChanges:
        """Return both changes as one: where they meet, ``later`` wins."""
        if later == UNCHANGED:
            return self
        if self == UNCHANGED:
            return later
        replaced = {name.lower() for name, _ in later.set}
        replaced.update(name.lower() for name in later.remove)
        return HeaderChanges(
            set=_without(self.set, replaced) + later.set,
            add=_without(self.add, replaced) + later.add,
            remove=tuple(dict.fromkeys(self.remove + later.remove)),
        )


UNCHANGED = HeaderChanges()


def _without(headers: Iterable[Header], names: set[str]) -> tuple[Header, ...]:
    return tuple(header for header in headers if header[0].lower() not in names)


class RewriteKind(StrEnum):
    """Which part of the path a rewrite replaces."""

    PREFIX = "prefix"
    WHOLE = "whole"


@dataclass(frozen=True, slots=True)
class PathRewrite:
    """A new path, or the new beginning of one; the query stays.

    PREFIX replaces what the rule's path match matched: the prefix or, of an exact match and of a
    regex, the whole path; without a path match it is put in place of the first slash. The prefix
    ``/`` takes the old one off, with the slash behind it: ``/a`` → ``/`` makes ``/b`` of ``/a/b``.
    """

    kind: RewriteKind
    text: str


@dataclass(frozen=True, slots=True)
class Retry:
    """When a failed request is sent again, to another endpoint if there is one.

    ``attempts`` 0: never. ``conditions`` are those of Envoy's ``retry_on``.
    """

    attempts: int
    conditions: tuple[str, ...] = ()
    status_codes: tuple[int, ...] = ()
    per_try_timeout: timedelta | None = None
    backoff: timedelta | None = None


class HashSource(StrEnum):
    """What a hash is taken of."""

    HEADER = "header"
    COOKIE = "cookie"
    SOURCE_IP = "source_ip"
    QUERY = "query"


@dataclass(frozen=True, slots=True)
class HashKey:
    """What of a request decides its endpoint where a cluster hashes.

    ``name`` is that of the header, cookie or query parameter. Envoy sets a cookie that is missing
    if ``ttl`` is given (zero: until the browser ends), with ``path`` as its path.
    """

    source: HashSource
    name: str = ""
    path: str = ""
    ttl: timedelta | None = None


@dataclass(frozen=True, slots=True)
class SubsetKey:
    """A request header that holds the value of a subset key; without the header there is none."""

    key: str
    header: str


@dataclass(frozen=True, slots=True)
class Redirect:
    """An answer that sends the client elsewhere; what is empty, or 0, stays as in the request."""

    path: str = ""
    host: str = ""
    scheme: str = ""
    port: int = 0
    code: int = 301


@dataclass(frozen=True, slots=True)
class DirectResponse:
    """An answer by the proxy itself; ``body`` None sends none."""

    status: int
    body: bytes | None = None


@dataclass(frozen=True, slots=True)
class Backend:
    """A cluster that gets a share of the requests in proportion to ``weight``.

    The changes are made to this backend's requests alone. Those of the rule come after them and so
    win, as Envoy (and Istio) has it; so does the rule's ``host_rewrite``.
    """

    cluster: str
    weight: int = 1
    request_headers: HeaderChanges = UNCHANGED
    response_headers: HeaderChanges = UNCHANGED
    host_rewrite: str = ""

    @property
    def is_plain(self) -> bool:
        """Whether it changes nothing about its requests."""
        unchanged = self.request_headers == self.response_headers == UNCHANGED
        return unchanged and not self.host_rewrite


@dataclass(frozen=True, slots=True)
class Forward:
    """Requests go to one of ``backends`` (at least one, and not all with weight 0)."""

    backends: tuple[Backend, ...]
    timeout: timedelta = NO_LIMIT
    retry: Retry | None = None
    host_rewrite: str = ""
    path_rewrite: PathRewrite | None = None
    subset_keys: tuple[SubsetKey, ...] = ()
    hash_on: HashKey | None = None


Action: TypeAlias = Forward | Redirect | DirectResponse


@dataclass(frozen=True, slots=True)
class Rule:
    """What happens to the requests that match; ``name`` may be empty and need not be unique."""

    match: Match
    action: Action
    name: str = ""
    request_headers: HeaderChanges = UNCHANGED
    response_headers: HeaderChanges = UNCHANGED


@dataclass(frozen=True, slots=True)
class VirtualHost:
    """The rules for the requests to some domains: the first that matches decides."""

    name: str
    domains: tuple[str, ...]
    rules: tuple[Rule, ...]


def in_order(groups: Iterable[Iterable[Rule]]) -> tuple[Rule, ...]:
    """Return the rules of several objects for one host, in the order of these.

    A rule for every request goes last, the first such one of all, so that it hides no rule of
    another object. What stands behind it in its own group is never reached and is left out.
    """
    rules: list[Rule] = []
    catch_all: Rule | None = None
    for group in groups:
        for rule in group:
            if rule.match.admits_all:
                catch_all = catch_all or rule
                break
            rules.append(rule)
    return (*rules, catch_all) if catch_all else tuple(rules)
