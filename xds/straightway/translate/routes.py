"""Routes: separately encoded virtual hosts, and the route configurations joined from them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TypeAlias

from envoy.config.route.v3 import route_components_pb2, route_pb2

from straightway.discovery import encoded_field
from straightway.routing.http import (
    PRESENT,
    Forward,
    HeaderMatch,
    Match,
    RewriteKind,
    Rule,
    TextKind,
    VirtualHost,
)
from straightway.translate.missing import mark
from straightway.translate.route_action import set_action, set_headers, set_retry_headers
from straightway.translate.route_match import lacks_missing, set_match
from straightway.translate.subset_keys import Variant, variants

Route: TypeAlias = route_components_pb2.Route
RouteConfiguration: TypeAlias = route_pb2.RouteConfiguration

# RouteConfiguration.virtual_hosts
_VIRTUAL_HOSTS = 2
# Each such condition doubles a rule's routes; beyond this the header must be present.
_MOST_DOUBLED = 4


def virtual_host(host: VirtualHost) -> bytes:
    """Return a virtual host as :func:`route_configuration` joins it; equal values, equal bytes.

    That is the tag, the length and the encoded ``VirtualHost``.
    """
    message = route_components_pb2.VirtualHost(name=host.name, domains=host.domains)
    for rule in host.rules:
        for each in _expressible(rule):
            for variant in _variants(each):
                _set_route(message.routes.add(), each, variant)
    return encoded_field(_VIRTUAL_HOSTS, message.SerializeToString(deterministic=True))


def route_configuration(name: str, virtual_hosts: Iterable[bytes]) -> tuple[bytes, ...]:
    """Return the encoded ``RouteConfiguration`` of joined results of :func:`virtual_host`.

    Joined, the parts are what protobuf would write for the whole message.
    """
    head: bytes = RouteConfiguration(name=name).SerializeToString()
    return (head, *virtual_hosts, _TAIL)


def _tail() -> bytes:
    """Return the constant part of a route configuration: fields with numbers above 2."""
    configuration = RouteConfiguration()
    # A cluster may arrive after its routes: xDS is eventually consistent.
    configuration.validate_clusters.value = False
    # `foo.com:8008` is the host `foo.com`.
    configuration.ignore_port_in_host_matching = True
    encoded: bytes = configuration.SerializeToString(deterministic=True)
    return encoded


_TAIL = _tail()


def _variants(rule: Rule) -> tuple[Variant | None, ...]:
    """Return the variants of a rule whose requests have subset keys, else only None."""
    keys = rule.action.subset_keys if isinstance(rule.action, Forward) else ()
    return variants(keys) or (None,)


def _set_route(route: Route, rule: Rule, variant: Variant | None) -> None:
    if rule.name:
        route.name = rule.name
    set_match(route.match, rule.match)
    action = rule.action
    set_action(route, action, rule.match.path)
    set_headers(route, rule.request_headers, rule.response_headers)
    if isinstance(action, Forward) and action.retry is not None and action.retry.if_unknown:
        set_retry_headers(route, action.retry)
    if isinstance(action, Forward) and action.missing is not None and action.subset_keys:
        mark(route, action.missing)
    if variant is not None:
        variant.apply(route)


def _expressible(rule: Rule) -> Iterator[Rule]:
    """Yield equivalent rules that are one Envoy route each: usually the rule itself.

    In order: if two match a request, the first is right.
    """
    for match in _by_header(rule.match):
        for matched in _by_prefix(match, rule):
            yield rule if matched is rule.match else replace(rule, match=matched)


def _by_header(match: Match) -> Iterator[Match]:
    """Split a condition that Envoy cannot express at once: a header is missing, or not empty."""
    doubled = [each for each in match.headers if lacks_missing(each)][:_MOST_DOUBLED]
    variants = [match]
    for header in doubled:
        missing = HeaderMatch(header.name, PRESENT, inverted=True)
        variants += [_replaced(each, header, missing) for each in variants]
    yield from variants


def _replaced(match: Match, old: HeaderMatch, new: HeaderMatch) -> Match:
    return replace(match, headers=tuple(new if each is old else each for each in match.headers))


def _by_prefix(match: Match, rule: Rule) -> Iterator[Match]:
    """Split ``/a`` → ``/`` into ``/a/`` → ``/`` and ``/a`` → ``/``.

    Envoy's plain rewrite would turn ``/a/b`` into ``//b``, and a regex with a long prefix exceeds
    Envoy's default limit (``re2.max_program_size.error_level``).
    """
    path, action = match.path, rule.action
    if (
        isinstance(action, Forward)
        and action.path_rewrite is not None
        and action.path_rewrite.kind is RewriteKind.PREFIX
        and action.path_rewrite.text == "/"
        and path is not None
        and path.kind is TextKind.PREFIX
        and not path.text.endswith("/")
    ):
        yield replace(match, path=replace(path, text=f"{path.text}/"))
    yield match
