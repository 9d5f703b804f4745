"""VirtualService: where requests go."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from pydantic import AfterValidator, Field

from straightway.api.codes import Code
from straightway.api.faults import Fault, wrong
from straightway.api.headers import Headers
from straightway.api.http_actions import DirectResponse, Redirect, Retries, Rewrite
from straightway.api.lists import AtMostHosts, WithoutRepeats
from straightway.api.matching import HeaderMatch, StringMatch, UriMatch
from straightway.api.model import CheckedModel, Model, Untranslated
from straightway.api.objects import IstioObject
from straightway.api.texts import quoted
from straightway.api.values import (
    Bool,
    Count,
    Duration,
    HeaderName,
    Host,
    HostPattern,
    Port,
    not_empty,
)

_HEAVIEST = 2**32 - 1
_LONGEST_PARAMETER = 1024  # Envoy's QueryParameterMatcher.name, in bytes


def _check_length(name: str) -> str:
    if len(name.encode()) <= _LONGEST_PARAMETER:
        return name
    message = f"Envoy takes at most {_LONGEST_PARAMETER:,} bytes: shorten this name."
    raise wrong(Code.OUT_OF_RANGE, message)


ParameterName = Annotated[str, not_empty("name the query parameter"), AfterValidator(_check_length)]

Gateways = Annotated[tuple[str, ...], AtMostHosts, WithoutRepeats]


class HttpMatch(CheckedModel):
    """Conditions that must all hold; header names are case-insensitive."""

    name: str = ""
    uri: UriMatch | None = None
    scheme: StringMatch | None = None
    method: StringMatch | None = None
    authority: StringMatch | None = None
    headers: dict[HeaderName, HeaderMatch] = Field(default_factory=dict)
    without_headers: dict[HeaderName, HeaderMatch] = Field(default_factory=dict)
    query_params: dict[ParameterName, HeaderMatch] = Field(default_factory=dict)
    port: Port | None = None
    ignore_uri_case: Bool = False
    gateways: Gateways = ()
    source_namespace: str = ""
    source_labels: dict[str, str] = Field(default_factory=dict)
    stat_prefix: Annotated[None, Untranslated("no separate statistics are kept")] = None

    @property
    def is_left_out(self) -> bool:
        """Whether it has a condition that is not translated yet, so it must match nothing.

        Without the condition it would match more than was asked for.
        """
        return bool(self.source_namespace or self.source_labels)

    def faults(self) -> Iterable[Fault]:
        """Yield what is wrong between the fields."""
        for given, name in (
            (self.source_namespace, "sourceNamespace"),
            (self.source_labels, "sourceLabels"),
        ):
            if given:
                message = f"{name} is valid but not translated yet: this whole match is left out."
                yield Fault(Code.NOT_TRANSLATED_YET, message, (name,))


class PortSelector(Model):
    """A port of the destination's service."""

    number: Port


class Destination(Model):
    """A service, by short or full name. ``port`` None: its only port."""

    host: Host
    subset: str | None = None
    port: PortSelector | None = None


class RouteDestination(Model):
    """One of the destinations that share a route's requests in proportion to ``weight``."""

    destination: Destination
    weight: Count = 0
    headers: Headers | None = None


class Delegate(Model):
    """Another VirtualService that holds the routes."""

    name: str = ""
    namespace: str = ""


class HeaderToDynamicSubsetKey(Model):
    """Takes the value of a subset key from a request header (``dynamicSubset`` has the keys)."""

    header: Annotated[HeaderName, not_empty("name the header that holds the value")]
    key: Annotated[str, not_empty("write one of the DestinationRule's subset keys")]


class HttpRoute(CheckedModel):
    """What happens to requests that meet any ``match``; no ``match``: to every request.

    ``timeout`` of zero: no limit.
    """

    name: str = ""
    match: tuple[HttpMatch, ...] = ()
    route: tuple[RouteDestination, ...] = ()
    redirect: Redirect | None = None
    direct_response: DirectResponse | None = None
    rewrite: Rewrite | None = None
    timeout: Duration | None = None
    retries: Retries | None = None
    headers: Headers | None = None
    header_to_dynamic_subset_key: tuple[HeaderToDynamicSubsetKey, ...] = ()
    delegate: Delegate | None = None
    fault: Annotated[None, Untranslated("no fault is injected")] = None
    mirror: Annotated[None, Untranslated("no request is mirrored")] = None
    mirrors: Annotated[None, Untranslated("no request is mirrored")] = None
    mirror_percent: Annotated[None, Untranslated("no request is mirrored")] = None
    # Istio's schema has both spellings.
    mirror_percent_: Annotated[
        None, Field(alias="mirror_percent"), Untranslated("no request is mirrored")
    ] = None
    mirror_percentage: Annotated[None, Untranslated("no request is mirrored")] = None
    cors_policy: Annotated[None, Untranslated("no CORS headers are sent")] = None

    @property
    def is_left_out(self) -> bool:
        """Whether no request can use it, because what it needs is not translated yet."""
        return self.delegate is not None or (
            bool(self.match) and all(match.is_left_out for match in self.match)
        )

    def faults(self) -> Iterable[Fault]:
        """Yield what is wrong between the fields."""
        yield from self._action_faults()
        yield from self._host_faults()
        if len(self.route) > 1 and not any(route.weight for route in self.route):
            message = (
                "No destination has a weight, so none would get a request: give each a weight."
            )
            yield Fault(Code.NO_WEIGHT, message, ("route",))
        if sum(route.weight for route in self.route) > _HEAVIEST:
            message = f"The weights may add up to at most {_HEAVIEST:,}: write smaller ones."
            yield Fault(Code.OUT_OF_RANGE, message, ("route",))
        keys: set[str] = set()
        for index, rule in enumerate(self.header_to_dynamic_subset_key):
            if rule.key in keys:
                message = (
                    f"The key {quoted(rule.key)} is mapped twice: if a request has several of the "
                    "headers, the last one in this list wins."
                )
                at = ("headerToDynamicSubsetKey", index, "key")
                yield Fault(Code.SUBSET_KEY_MAPPED_TWICE, message, at)
            keys.add(rule.key)

    def _host_faults(self) -> Iterable[Fault]:
        if self.rewrite is None or self.rewrite.authority is None or self.headers is None:
            return
        if self.headers.request.host_rewrite is not None:
            message = (
                "headers.request.set sets the host too: write it there or in rewrite.authority, "
                "not in both."
            )
            yield Fault(Code.CONFLICTING_FIELDS, message, ("rewrite", "authority"))

    def _action_faults(self) -> Iterable[Fault]:
        if self.delegate is not None:
            message = "delegate is valid but not translated yet: this route is left out."
            yield Fault(Code.NOT_TRANSLATED_YET, message, ("delegate",))
        actions = [
            name
            for name, given in (
                ("route", bool(self.route)),
                ("redirect", self.redirect is not None),
                ("directResponse", self.direct_response is not None),
                ("delegate", self.delegate is not None),
            )
            if given
        ]
        if not actions:
            message = "Say what happens to the requests: write route, redirect or directResponse."
            yield Fault(Code.NO_ACTION, message)
        for action in actions[1:]:
            message = f"A route does one thing: write either {actions[0]} or {action}, not both."
            yield Fault(Code.SEVERAL_ACTIONS, message, (action,))
        if self.redirect is not None and self.rewrite is not None:
            message = "A redirect forwards no request: write the new path in redirect.uri."
            yield Fault(Code.CONFLICTING_FIELDS, message, ("rewrite",))
        if self.direct_response is not None and self.rewrite is not None:
            message = "A direct response forwards no request: remove rewrite."
            yield Fault(Code.CONFLICTING_FIELDS, message, ("rewrite",))


class VirtualServiceSpec(CheckedModel):
    """Routes in order: the first match decides.

    No ``gateways``: sidecars only, like the name ``mesh`` among them.
    """

    hosts: Annotated[tuple[HostPattern, ...], not_empty('write "*" for every host'), AtMostHosts]
    gateways: Gateways = ()
    http: tuple[HttpRoute, ...] = ()
    tls: Annotated[None, Untranslated("these routes are left out")] = None
    tcp: Annotated[None, Untranslated("these routes are left out")] = None
    export_to: Annotated[None, Untranslated("every namespace sees these routes", (["*"],))] = None

    def faults(self) -> Iterable[Fault]:
        """Yield what is wrong between the fields."""
        seen: set[str] = set()
        for index, host in enumerate(self.hosts):
            if host.lower() in seen:
                message = f"The host {quoted(host)} is listed twice: remove one."
                yield Fault(Code.DUPLICATE_VALUE, message, ("hosts", index))
            seen.add(host.lower())
        if not self.http and not self.model_fields_set & {"tls", "tcp"}:
            message = "This routes nothing: write http, with at least one route."
            yield Fault(Code.MISSING_FIELD, message)


class VirtualService(IstioObject):
    """Routes for hosts, at gateways or in sidecars."""

    spec: VirtualServiceSpec
