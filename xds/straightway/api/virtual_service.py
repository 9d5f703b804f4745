"""VirtualService: where requests go."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from pydantic import AfterValidator, Field

from straightway.api.checked import Says
from straightway.api.codes import Code
from straightway.api.durations import Duration
from straightway.api.faults import Fault, wrong
from straightway.api.headers import Headers
from straightway.api.http_actions import DirectResponse, Redirect, Retries, Rewrite
from straightway.api.lists import AtMostHosts, WithoutRepeats
from straightway.api.matching import HeaderMatch, StringMatch, UriMatch
from straightway.api.model import CheckedModel, Model, Untranslated
from straightway.api.objects import IstioObject
from straightway.api.subset_keys import (
    MOST_KEYS,
    DynamicSubsetKey,
    HeaderToDynamicSubsetKey,
    repeated_keys,
)
from straightway.api.texts import quoted
from straightway.api.values import Bool, Count, HeaderName, Host, HostPattern, Port, not_empty

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
    """A name for the match; it has no effect."""
    uri: UriMatch | None = None
    """The request's path, without its query string."""
    scheme: StringMatch | None = None
    """The request's scheme: http or https."""
    method: StringMatch | None = None
    """The request's method, such as GET."""
    authority: StringMatch | None = None
    """The request's host, with its port if the client sends one."""
    headers: dict[HeaderName, HeaderMatch] = Field(default_factory=dict)
    """Header name, in any case → what its value must be; an empty condition is met by any value."""
    without_headers: dict[HeaderName, HeaderMatch] = Field(default_factory=dict)
    """Header name → a condition that the header must not meet."""
    query_params: dict[ParameterName, HeaderMatch] = Field(default_factory=dict)
    """Query parameter → what its value must be; an empty condition is met by any value."""
    port: Port | None = None
    """The port on which the request arrives."""
    ignore_uri_case: Bool = False
    """Whether the case of the path is ignored, for `exact` and `prefix`."""
    gateways: Gateways = ()
    """Gateways at which the match applies, among those of the VirtualService; without them, all."""
    source_namespace: str = ""
    """The namespace of the client. Not translated yet: the whole match is left out."""
    source_labels: dict[str, str] = Field(default_factory=dict)
    """Labels of the client. Not translated yet: the whole match is left out."""
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
    """The port's number."""


class Destination(Model):
    """A service, by short or full name. ``port`` None: its only port."""

    host: Host
    """The service: a short name in the same namespace, a full name, or a host of a ServiceEntry."""
    subset: str | None = None
    """A subset that the host's DestinationRule defines by name."""
    port: PortSelector | None = None
    """The service's port; needed only if it has several."""


class RouteDestination(Model):
    """One of the destinations that share a route's requests in proportion to ``weight``."""

    destination: Destination
    """The service."""
    weight: Count = 0
    """The destination's share, relative to the weights of the others."""
    headers: Headers | None = None
    """Changes to the headers of requests to this destination, and of its responses."""


class Delegate(Model):
    """Another VirtualService that holds the routes."""

    name: str = ""
    """The name of the VirtualService."""
    namespace: str = ""
    """Its namespace; the same one without it."""


class HttpRoute(CheckedModel):
    """What happens to requests that meet any ``match``; no ``match``: to every request.

    ``timeout`` of zero: no limit.
    """

    name: str = ""
    """A name for the route, shown in Envoy's statistics and logs."""
    match: tuple[HttpMatch, ...] = ()
    """Conditions of which one must be met; without any, every request is meant."""
    route: tuple[RouteDestination, ...] = ()
    """The destinations that share the requests."""
    redirect: Redirect | None = None
    """Answers with a redirect instead of forwarding the request."""
    direct_response: DirectResponse | None = None
    """Answers with a fixed response instead of forwarding the request."""
    rewrite: Rewrite | None = None
    """Changes the path or the host before the request is forwarded."""
    timeout: Duration | None = None
    """How long a response may take, with all retries; 0s or nothing: no limit."""
    retries: Retries | None = None
    """When a failed request is tried again."""
    headers: Headers | None = None
    """Changes to the headers of requests and responses."""
    header_to_dynamic_subset_key: tuple[HeaderToDynamicSubsetKey, ...] = ()
    """Takes values of subset keys from request headers, so that a request reaches the endpoints
    that declare the same values (`dynamicSubset` of the destination's DestinationRule).
    """
    dynamic_subset_keys: Annotated[tuple[DynamicSubsetKey, ...], Says(maxItems=MOST_KEYS)] = ()
    """Takes values of subset keys from wherever a request says them: a header, the path, the query,
    a cookie, a JSON body or a gRPC message.
    """
    delegate: Delegate | None = None
    """Another VirtualService that holds the routes. Not translated yet: the route is left out."""
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
        yield from repeated_keys(self.header_to_dynamic_subset_key, self.dynamic_subset_keys)
        if len(self.dynamic_subset_keys) > MOST_KEYS:
            message = f"At most {MOST_KEYS} keys are allowed: divide the endpoints by fewer."
            yield Fault(Code.OBJECT_TOO_LARGE, message, ("dynamicSubsetKeys",))

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
    """The hosts to route: short names, full names, or wildcards such as `*.example.com`; `*` is
    every host.
    """
    gateways: Gateways = ()
    """The gateways at which the routes apply, as `name` or `namespace/name`; `mesh` stands for the
    sidecars. Without any: the sidecars.
    """
    http: tuple[HttpRoute, ...] = ()
    """The routes, in order: the first that matches a request decides."""
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
    """Routes for requests to some hosts."""

    @property
    def is_left_out(self) -> bool:
        """Whether none of its routes is translated yet, as if it has those of TCP and TLS only."""
        return all(http.is_left_out for http in self.spec.http)
