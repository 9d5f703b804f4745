"""Virtual hosts and rules: which requests match, and what happens to them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TypeAlias

from straightway.routing.missing import Missing
from straightway.routing.subset_keys import SubsetKey

NO_LIMIT = timedelta()
"""A timeout that never ends a request."""


class TextKind(StrEnum):
    """How a string is compared. PRESENT: any value, including an empty one."""

    EXACT = "exact"
    PREFIX = "prefix"
    REGEX = "regex"
    PRESENT = "present"


@dataclass(frozen=True, slots=True)
class TextMatch:
    """A comparison of one string; a regex (RE2) must match all of it."""

    kind: TextKind
    text: str = ""


PRESENT = TextMatch(TextKind.PRESENT)


@dataclass(frozen=True, slots=True)
class PathMatch:
    """A comparison of the path without its query: EXACT, PREFIX (of characters) or REGEX.

    ``ignore_case`` does not apply to a regex.
    """

    kind: TextKind
    text: str
    ignore_case: bool = False


@dataclass(frozen=True, slots=True)
class HeaderMatch:
    """A condition on a header: ``name`` in lower case, or ``:method``, ``:authority``, ``:scheme``.

    A missing header meets no condition, so it meets every ``inverted`` one.
    """

    name: str
    text: TextMatch
    inverted: bool = False


@dataclass(frozen=True, slots=True)
class QueryMatch:
    """A condition on a query parameter; a missing one never meets it."""

    name: str
    text: TextMatch


@dataclass(frozen=True, slots=True)
class Match:
    """Conditions that must all hold; ``path`` None matches every path."""

    path: PathMatch | None = None
    headers: tuple[HeaderMatch, ...] = ()
    query: tuple[QueryMatch, ...] = ()

    @property
    def admits_all(self) -> bool:
        """Whether every request matches, so that no later rule is reached."""
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
        """Merge both changes; where they overlap, ``later`` wins."""
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
    """A new path or path prefix; the query stays.

    PREFIX replaces what the rule's path match matched: the prefix or, for an exact match or a
    regex, the whole path; without a path match it replaces the first slash. The prefix ``/``
    removes the old one with the slash after it: ``/a`` → ``/`` turns ``/a/b`` into ``/b``.
    """

    kind: RewriteKind
    text: str


@dataclass(frozen=True, slots=True)
class Retry:
    """When a failed request is retried, on another endpoint if there is one.

    ``attempts`` 0: never. ``conditions`` are those of Envoy's ``retry_on``. ``if_unknown``: also if
    an endpoint does not know what the request asks for, and the request carries a subset key. The
    ``backoff`` is the shortest time between two tries, ``hosts_considered`` how often another
    endpoint is chosen if the chosen one was tried before.
    """

    attempts: int
    conditions: tuple[str, ...] = ()
    status_codes: tuple[int, ...] = ()
    per_try_timeout: timedelta | None = None
    backoff: timedelta | None = None
    if_unknown: bool = False
    hosts_considered: int = 5


class HashSource(StrEnum):
    """What is hashed."""

    HEADER = "header"
    COOKIE = "cookie"
    SOURCE_IP = "source_ip"
    QUERY = "query"


@dataclass(frozen=True, slots=True)
class HashKey:
    """The part of a request that determines its endpoint in a cluster that hashes.

    ``name`` is that of the header, cookie or query parameter. Envoy sets a missing cookie if
    ``ttl`` is given (zero: a session cookie), with ``path`` as its path.
    """

    source: HashSource
    name: str = ""
    path: str = ""
    ttl: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Redirect:
    """A redirect; whatever is empty or 0 stays as in the request."""

    path: str = ""
    host: str = ""
    scheme: str = ""
    port: int = 0
    code: int = 301


@dataclass(frozen=True, slots=True)
class DirectResponse:
    """A response from the proxy itself; ``body`` None sends no body."""

    status: int
    body: bytes | None = None


@dataclass(frozen=True, slots=True)
class Backend:
    """A cluster that receives a share of the requests in proportion to ``weight``.

    The header changes apply to this backend's requests only. Those of the rule come later and so
    win, as in Envoy and Istio; so does the rule's ``host_rewrite``.
    """

    cluster: str
    weight: int = 1
    request_headers: HeaderChanges = UNCHANGED
    response_headers: HeaderChanges = UNCHANGED
    host_rewrite: str = ""

    @property
    def is_plain(self) -> bool:
        """Whether it leaves its requests unchanged."""
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
    missing: Missing | None = None


Action: TypeAlias = Forward | Redirect | DirectResponse


@dataclass(frozen=True, slots=True)
class Rule:
    """What happens to matching requests; ``name`` may be empty and need not be unique."""

    match: Match
    action: Action
    name: str = ""
    request_headers: HeaderChanges = UNCHANGED
    response_headers: HeaderChanges = UNCHANGED


@dataclass(frozen=True, slots=True)
class VirtualHost:
    """The rules for requests to some domains: the first match decides."""

    name: str
    domains: tuple[str, ...]
    rules: tuple[Rule, ...]


def in_order(groups: Iterable[Iterable[Rule]]) -> tuple[Rule, ...]:
    """Return the rules of several objects for one host, in the order of the objects.

    The first rule that matches every request goes last, so that it hides no rule of another object.
    Rules after it in its own group are never reached and are left out.
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
