"""HTTPRoute → what Envoy does with a matched request: route, redirect or answer itself."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import TypeAlias

from envoy.config.core.v3 import base_pb2
from envoy.config.route.v3 import route_components_pb2
from envoy.extensions.retry.host.previous_hosts.v3 import previous_hosts_pb2

from straightway.api.headers import Headers
from straightway.api.http_actions import Redirect, Retries
from straightway.api.load_balancer import ConsistentHash
from straightway.api.virtual_service import Destination, HttpMatch, HttpRoute, RouteDestination
from straightway.translate.traffic_policy import duration

Route: TypeAlias = route_components_pb2.Route
RouteAction: TypeAlias = route_components_pb2.RouteAction
RetryPolicy: TypeAlias = route_components_pb2.RetryPolicy
RedirectAction: TypeAlias = route_components_pb2.RedirectAction

ClusterOf = Callable[[Destination], str]

# Istio retries twice unless told otherwise, on what certainly did not reach the application.
_DEFAULT_ATTEMPTS = 2
_DEFAULT_RETRY_ON = "connect-failure,refused-stream,unavailable,cancelled"
# Envoy takes no regex that is much longer (re2.max_program_size.error_level is 100).
_LONGEST_PREFIX = 80
_REDIRECT_CODES = {
    301: RedirectAction.MOVED_PERMANENTLY,
    302: RedirectAction.FOUND,
    303: RedirectAction.SEE_OTHER,
    307: RedirectAction.TEMPORARY_REDIRECT,
    308: RedirectAction.PERMANENT_REDIRECT,
}


def set_action(
    route: Route, http: HttpRoute, match: HttpMatch | None, cluster_of: ClusterOf
) -> None:
    """Set the action of a route, and its changes of headers.

    ``cluster_of`` gives the name of a destination's cluster.
    """
    if http.redirect is not None:
        _set_redirect(route.redirect, http.redirect)
    elif http.direct_response is not None:
        route.direct_response.status = http.direct_response.status
        if http.direct_response.body is not None:
            route.direct_response.body.inline_bytes = http.direct_response.body.content
    else:
        _set_route_action(route, http, match, cluster_of)
    if http.headers is not None:
        _set_headers(route, http.headers)


def set_default_action(route: Route, cluster: str) -> None:
    """Send all to one cluster, as Istio does where no VirtualService says otherwise."""
    route.route.cluster = cluster
    route.route.timeout.SetInParent()
    _set_retries(route.route.retry_policy, None)


def _set_redirect(action: RedirectAction, redirect: Redirect) -> None:
    if redirect.uri:
        action.path_redirect = redirect.uri
    if redirect.authority:
        action.host_redirect = redirect.authority
    if redirect.scheme:
        action.scheme_redirect = redirect.scheme
    if redirect.port:
        action.port_redirect = redirect.port
    action.response_code = _REDIRECT_CODES[redirect.redirect_code]


def _set_route_action(
    route: Route, http: HttpRoute, match: HttpMatch | None, cluster_of: ClusterOf
) -> None:
    action = route.route
    # 0 means no limit, as in Istio; Envoy's own default would be 15 s.
    action.timeout.CopyFrom(duration(http.timeout or timedelta()))
    _set_retries(action.retry_policy, http.retries)
    if http.rewrite is not None:
        if http.rewrite.authority:
            action.host_rewrite_literal = http.rewrite.authority
        if http.rewrite.uri:
            _set_path_rewrite(action, match, http.rewrite.uri)
    if len(http.route) == 1:
        only = http.route[0]
        action.cluster = cluster_of(only.destination)
        if only.headers is not None:
            _set_headers(route, only.headers)
        return
    for destination in http.route:
        if destination.weight:
            _add_weighted(action, destination, cluster_of)


def _add_weighted(
    action: RouteAction, destination: RouteDestination, cluster_of: ClusterOf
) -> None:
    weighted = action.weighted_clusters.clusters.add(name=cluster_of(destination.destination))
    weighted.weight.value = destination.weight
    if destination.headers is not None:
        _set_headers(weighted, destination.headers)


def _set_retries(policy: RetryPolicy, retries: Retries | None) -> None:
    policy.num_retries.value = _DEFAULT_ATTEMPTS if retries is None else retries.attempts
    if policy.num_retries.value == 0:
        return
    conditions = [
        item.strip()
        for item in ((retries.retry_on if retries else "") or _DEFAULT_RETRY_ON).split(",")
    ]
    # Istio takes status codes in retryOn; Envoy wants them in a list of their own.
    codes = [int(item) for item in conditions if item.isdecimal()]
    if codes:
        conditions = [item for item in conditions if not item.isdecimal()]
        conditions.append("retriable-status-codes")
        policy.retriable_status_codes.extend(codes)
    policy.retry_on = ",".join(dict.fromkeys(filter(None, conditions)))
    # Another host than the one that failed, if there is one.
    policy.host_selection_retry_max_attempts = 5
    policy.retry_host_predicate.add(
        name="envoy.retry_host_predicates.previous_hosts"
    ).typed_config.Pack(previous_hosts_pb2.PreviousHostsPredicate())
    if retries is not None and retries.per_try_timeout is not None:
        policy.per_try_timeout.CopyFrom(duration(retries.per_try_timeout))
    if retries is not None and retries.backoff is not None:
        policy.retry_back_off.base_interval.CopyFrom(duration(retries.backoff))


def _set_path_rewrite(action: RouteAction, match: HttpMatch | None, uri: str) -> None:
    prefix = match.uri.prefix if match and match.uri else None
    stripped = (prefix or "").rstrip("/")
    if match and stripped and uri == "/" and len(stripped.encode()) <= _LONGEST_PREFIX:
        # `/a` → `/` must turn `/a/b` into `/b`, where Envoy's plain rewrite would give `//b`.
        case = "(?i)" if match.ignore_uri_case else ""
        rewrite = action.regex_rewrite
        rewrite.pattern.regex = f"{case}^{re.escape(stripped)}/?(.*)"
        rewrite.substitution = r"/\1"
    else:
        action.prefix_rewrite = uri


def _set_headers(
    target: Route | route_components_pb2.WeightedCluster.ClusterWeight, headers: Headers
) -> None:
    """Set what a route or weighted cluster adds to, sets in and removes from headers."""
    for side, operations in (("request", headers.request), ("response", headers.response)):
        to_add = getattr(target, f"{side}_headers_to_add")
        for name, value in sorted(operations.set.items()):
            option = to_add.add(append_action=base_pb2.HeaderValueOption.OVERWRITE_IF_EXISTS_OR_ADD)
            option.header.key, option.header.value = name, value
        for name, value in sorted(operations.add.items()):
            option = to_add.add(append_action=base_pb2.HeaderValueOption.APPEND_IF_EXISTS_OR_ADD)
            option.header.key, option.header.value = name, value
        getattr(target, f"{side}_headers_to_remove").extend(operations.remove)


def set_hash_policy(action: RouteAction, consistent_hash: ConsistentHash) -> None:
    """Say by what of a request a consistent hash is taken."""
    policy = action.hash_policy.add()
    if consistent_hash.http_header_name:
        policy.header.header_name = consistent_hash.http_header_name
    elif consistent_hash.http_cookie is not None:
        cookie = consistent_hash.http_cookie
        policy.cookie.name = cookie.name
        policy.cookie.path = cookie.path
        if cookie.ttl is not None:
            policy.cookie.ttl.CopyFrom(duration(cookie.ttl))
    elif consistent_hash.use_source_ip:
        policy.connection_properties.source_ip = True
    elif consistent_hash.http_query_parameter_name:
        policy.query_parameter.name = consistent_hash.http_query_parameter_name
