"""VirtualService → rules: what happens to the requests that it routes.

Source: https://istio.io/latest/docs/reference/config/networking/virtual-service/
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TypeAlias

from straightway.api.dynamic_subset import MOST_RETRIES
from straightway.api.headers import HeaderOperations, Headers
from straightway.api.http_actions import Redirect as IstioRedirect
from straightway.api.http_actions import Retries, Rewrite
from straightway.api.virtual_service import (
    Destination,
    HttpMatch,
    HttpRoute,
    RouteDestination,
    VirtualServiceSpec,
)
from straightway.routing.http import (
    NO_LIMIT,
    UNCHANGED,
    Action,
    Backend,
    DirectResponse,
    Forward,
    HashKey,
    HeaderChanges,
    Match,
    PathRewrite,
    Redirect,
    Retry,
    RewriteKind,
    Rule,
    TextKind,
)
from straightway.routing.istio.conditions import retry_conditions
from straightway.routing.istio.matches import match_of
from straightway.routing.istio.subset_keys import subset_keys_of
from straightway.routing.missing import Missing
from straightway.routing.policies import Leaving

_DEFAULT_CONDITIONS = ("connect-failure", "refused-stream", "unavailable", "cancelled")
DEFAULT_RETRY = Retry(2, _DEFAULT_CONDITIONS)
"""By default Istio retries twice, on failures that certainly did not reach the application."""
_NOT_BEGUN = ("connect-failure", "refused-stream", "reset-before-request")
# Another endpoint is asked, so there is nothing to wait for.
_SHORT_BACKOFF = timedelta(milliseconds=1)
# Among few endpoints the one that was not tried yet is rarely chosen.
_MANY_HOSTS = 32


@dataclass(frozen=True, slots=True)
class Target:
    """What a destination resolves to: a cluster, and what that hashes of a request.

    ``leaving`` says how its requests leave their subset; None if they do not. ``missing`` says how
    those are answered whose subset has no endpoint; None if not by the proxy.
    """

    cluster: str
    hash_on: HashKey | None = None
    leaving: Leaving | None = None
    missing: Missing | None = None


TargetOf: TypeAlias = Callable[[Destination], Target]
Holds: TypeAlias = Callable[[HttpMatch], bool]


def rules_of(spec: VirtualServiceSpec, holds: Holds, target_of: TargetOf) -> Iterator[Rule]:
    """Yield the rules of a VirtualService in order, one for each match of a route.

    ``holds`` says whether a match applies in the scope of the rules (its ``port`` and
    ``gateways``); ``target_of`` returns the cluster of a destination, or the cluster that answers
    with 503 if it does not exist. What is not translated yet matches nothing.
    """
    for http in spec.http:
        if http.is_left_out:
            continue
        if not http.match:
            yield rule_of(http, None, target_of)
        for match in http.match:
            if not match.is_left_out and holds(match):
                yield rule_of(http, match, target_of)


def rule_of(http: HttpRoute, match: HttpMatch | None, target_of: TargetOf) -> Rule:
    """Return the rule of a route for one of its matches, or None."""
    conditions = match_of(match)
    request, response = _changes(http.headers)
    if len(http.route) == 1:
        # As in Istio, the headers of an only destination take precedence over the route's.
        own_request, own_response = _changes(http.route[0].headers)
        request, response = request.then(own_request), response.then(own_response)
    return Rule(
        match=conditions,
        action=_action(http, conditions, target_of),
        name=".".join(part for part in (http.name, match.name if match else "") if part),
        request_headers=request,
        response_headers=response,
    )


def forward_to(cluster: str) -> Forward:
    """Return Istio's default without a VirtualService: everything goes to one cluster."""
    return Forward((Backend(cluster),), retry=DEFAULT_RETRY)


def _action(http: HttpRoute, conditions: Match, target_of: TargetOf) -> Action:
    if http.redirect is not None:
        return _redirect(http.redirect)
    if http.direct_response is not None:
        body = http.direct_response.body
        return DirectResponse(http.direct_response.status, body.content if body else None)
    return _forward(http, conditions, target_of)


def _redirect(redirect: IstioRedirect) -> Redirect:
    return Redirect(
        path=redirect.uri or "",
        host=redirect.authority or "",
        scheme=redirect.scheme or "",
        port=redirect.port or 0,
        code=redirect.redirect_code,
    )


def _forward(http: HttpRoute, conditions: Match, target_of: TargetOf) -> Forward:
    single = len(http.route) == 1
    # Of several destinations, one without a weight gets no requests; an only destination gets all.
    destinations = [each for each in http.route if each.weight or single]
    targets = [target_of(each.destination) for each in destinations]
    if single:
        backends: tuple[Backend, ...] = (Backend(targets[0].cluster),)
    else:
        backends = tuple(map(_backend, destinations, targets))
    return Forward(
        backends=backends,
        timeout=http.timeout or NO_LIMIT,
        retry=_retry_of(http, next((each.leaving for each in targets if each.leaving), None)),
        host_rewrite=_host_rewrite(http),
        path_rewrite=_path_rewrite(http.rewrite, conditions),
        subset_keys=subset_keys_of(http),
        hash_on=next((each.hash_on for each in targets if each.hash_on), None),
        missing=next((each.missing for each in targets if each.missing), None),
    )


def _backend(destination: RouteDestination, target: Target) -> Backend:
    headers = destination.headers
    if headers is None:
        return Backend(target.cluster, destination.weight)
    request, response = _changes(headers)
    return Backend(target.cluster, destination.weight, request, response, _host(headers))


def _host_rewrite(http: HttpRoute) -> str:
    """Return the host that a route sets on all requests, or empty to keep theirs.

    In Istio ``rewrite.authority`` takes precedence over the route's ``headers.request.set.Host``,
    and this over that of the only destination.
    """
    authority = http.rewrite.authority if http.rewrite else None
    own = http.route[0].headers if len(http.route) == 1 else None
    return authority or _host(http.headers) or _host(own)


def _host(headers: Headers | None) -> str:
    return (headers.request.host_rewrite or "") if headers else ""


def _path_rewrite(rewrite: Rewrite | None, conditions: Match) -> PathRewrite | None:
    if rewrite is None or not rewrite.uri:
        return None
    path = conditions.path
    prefix = path is None or path.kind is TextKind.PREFIX
    return PathRewrite(RewriteKind.PREFIX if prefix else RewriteKind.WHOLE, rewrite.uri)


def _retry_of(http: HttpRoute, leaving: Leaving | None) -> Retry:
    """Return when requests are retried: as the route says, or else so that they find an endpoint.

    A route without subset keys has no requests that a wrong endpoint could get.
    """
    if http.retries is not None:
        retry = _retry(http.retries)
        if leaving is not None and retry.attempts > MOST_RETRIES:
            return replace(retry, attempts=MOST_RETRIES)
        return retry
    if leaving is None or not subset_keys_of(http):
        return DEFAULT_RETRY
    return Retry(
        attempts=leaving.attempts,
        conditions=(*_NOT_BEGUN, *leaving.conditions),
        status_codes=leaving.status_codes,
        per_try_timeout=leaving.per_try_timeout,
        backoff=_SHORT_BACKOFF,
        if_unknown=leaving.attempts > 0,
        hosts_considered=_MANY_HOSTS,
    )


def _retry(retries: Retries) -> Retry:
    if retries.attempts == 0:
        return Retry(0)
    conditions, codes = retry_conditions(retries.retry_on)
    if not conditions and not codes:
        conditions = _DEFAULT_CONDITIONS
    return Retry(retries.attempts, conditions, codes, retries.per_try_timeout, retries.backoff)


def _changes(headers: Headers | None) -> tuple[HeaderChanges, HeaderChanges]:
    """Return the changes to the headers of requests and of responses."""
    if headers is None:
        return UNCHANGED, UNCHANGED
    return _header_changes(headers.request), _header_changes(headers.response)


def _header_changes(operations: HeaderOperations) -> HeaderChanges:
    return HeaderChanges(
        tuple(sorted(operations.set.items())),
        tuple(sorted(operations.add.items())),
        operations.remove,
    )
