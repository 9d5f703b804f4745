"""Subset keys → what a route's filters do to find them.

Usually each filter writes what it finds to where the balancer reads (``envoy.lb``): the rules for
headers and paths first, then those for the body, and of several the last that finds something wins.
What no filter can do is left to a script (``key_script``). It costs more than all others, so a rule
whose keys need it for some requests becomes several Envoy routes: for gRPC calls, for paths with a
percent sign, and for all others.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import TypeAlias

from envoy.config.route.v3 import route_components_pb2

from straightway.routing.subset_keys import (
    BodySource,
    GrpcSource,
    PathRegex,
    PathSource,
    QuerySource,
    Source,
    SubsetKey,
)
from straightway.translate.key_rules import RouteFilters

Route: TypeAlias = route_components_pb2.Route

_IN_PATH = (PathSource, PathRegex, QuerySource)


class Requests(StrEnum):
    """The requests that a variant of a route is for."""

    GRPC = "grpc"
    ESCAPED = "escaped"
    OTHERS = "others"


@dataclass(frozen=True, slots=True)
class Variant:
    """One of the routes that a rule with subset keys becomes; the first that matches counts."""

    requests: Requests
    filters: RouteFilters = field(compare=False)

    def apply(self, route: Route) -> None:
        """Narrow a route to these requests, and let its filters find the keys."""
        if self.requests is Requests.GRPC:
            route.match.grpc.SetInParent()
            # The filter cannot read compressed messages, and would refuse them.
            encoding = route.match.headers.add(name="grpc-encoding")
            encoding.string_match.safe_regex.regex = "(?:identity)?"
            encoding.treat_missing_header_as_empty = True
        elif self.requests is Requests.ESCAPED:
            matcher = route.match.headers.add(name=":path")
            matcher.string_match.contains = "%"
        self.filters.apply(route)


@lru_cache(maxsize=1024)
def variants(keys: tuple[SubsetKey, ...]) -> tuple[Variant, ...]:
    """Return the variants of a route; none without keys."""
    return tuple(_variants(keys)) if keys else ()


def _variants(keys: tuple[SubsetKey, ...]) -> Iterator[Variant]:
    if any(isinstance(source, GrpcSource) for each in keys for source in each.sources):
        # Of a gRPC call Envoy reads no JSON.
        yield _variant(Requests.GRPC, _without(keys, BodySource))
    rest = _without(keys, GrpcSource)
    if any(_is_escaped(each) and not _needs_script(rest, each.key) for each in rest):
        yield _variant(Requests.ESCAPED, rest)
    yield _variant(Requests.OTHERS, rest)


def _variant(requests: Requests, keys: tuple[SubsetKey, ...]) -> Variant:
    filters = RouteFilters()
    scripted = {
        each.key
        for each in keys
        if _needs_script(keys, each.key)
        or (requests is not Requests.OTHERS and _is_escaped(each))
        or any(isinstance(source, GrpcSource) for source in each.sources)
    }
    for each in keys:
        if each.key not in scripted:
            filters.add_plain(each, _by_priority(keys, each.key))
    for key in dict.fromkeys(each.key for each in keys if each.key in scripted):
        filters.add_scripted(key, [each for each in reversed(keys) if each.key == key])
    return Variant(requests, filters)


def _without(keys: tuple[SubsetKey, ...], kind: type[Source]) -> tuple[SubsetKey, ...]:
    return tuple(
        SubsetKey(
            each.key,
            tuple(source for source in each.sources if not isinstance(source, kind)),
            each.aliases,
            each.largest_body,
        )
        for each in keys
    )


def _by_priority(keys: tuple[SubsetKey, ...], key: str) -> tuple[Source, ...]:
    """Return all sources of a key; the first that has a value wins."""
    return tuple(source for each in reversed(keys) if each.key == key for source in each.sources)


def _is_escaped(key: SubsetKey) -> bool:
    return any(isinstance(source, _IN_PATH) for source in key.sources)


def _needs_script(keys: tuple[SubsetKey, ...], key: str) -> bool:
    """Whether a key has aliases, or a body between other sources: one filter reads all of these."""
    if any(each.aliases and each.sources for each in keys if each.key == key):
        return True
    are_bodies = [isinstance(source, BodySource) for source in _by_priority(keys, key)]
    return are_bodies not in (sorted(are_bodies), sorted(are_bodies, reverse=True))
