"""Action → what Envoy does with a matched request: route, redirect or respond directly."""

from __future__ import annotations

from functools import lru_cache
from typing import TypeAlias

from envoy.config.core.v3 import base_pb2
from envoy.config.route.v3 import route_components_pb2
from envoy.extensions.retry.host.previous_hosts.v3 import previous_hosts_pb2

from straightway.routing.http import (
    Action,
    Backend,
    DirectResponse,
    Forward,
    HashKey,
    HashSource,
    HeaderChanges,
    PathMatch,
    PathRewrite,
    Redirect,
    Retry,
    RewriteKind,
    TextKind,
)
from straightway.translate.durations import duration

Route: TypeAlias = route_components_pb2.Route
RouteAction: TypeAlias = route_components_pb2.RouteAction
RetryPolicy: TypeAlias = route_components_pb2.RetryPolicy
RedirectAction: TypeAlias = route_components_pb2.RedirectAction
ClusterWeight: TypeAlias = route_components_pb2.WeightedCluster.ClusterWeight

_SET = base_pb2.HeaderValueOption.OVERWRITE_IF_EXISTS_OR_ADD
_APPEND = base_pb2.HeaderValueOption.APPEND_IF_EXISTS_OR_ADD
_REDIRECT_CODES = {
    301: RedirectAction.MOVED_PERMANENTLY,
    302: RedirectAction.FOUND,
    303: RedirectAction.SEE_OTHER,
    307: RedirectAction.TEMPORARY_REDIRECT,
    308: RedirectAction.PERMANENT_REDIRECT,
}


def set_action(route: Route, action: Action, path: PathMatch | None) -> None:
    """Set what happens to requests; ``path`` is how their path was matched."""
    if isinstance(action, Forward):
        _set_forward(route.route, action, path)
    elif isinstance(action, Redirect):
        _set_redirect(route.redirect, action)
    else:
        _set_direct_response(route.direct_response, action)


def set_headers(
    target: Route | ClusterWeight, request: HeaderChanges, response: HeaderChanges
) -> None:
    """Set the header changes of a route or weighted cluster; Envoy removes before it adds."""
    for name, value in request.set:
        _add(target.request_headers_to_add.add(), name, value, _SET)
    for name, value in request.add:
        _add(target.request_headers_to_add.add(), name, value, _APPEND)
    target.request_headers_to_remove.extend(request.remove)
    for name, value in response.set:
        _add(target.response_headers_to_add.add(), name, value, _SET)
    for name, value in response.add:
        _add(target.response_headers_to_add.add(), name, value, _APPEND)
    target.response_headers_to_remove.extend(response.remove)


def _add(
    option: base_pb2.HeaderValueOption,
    name: str,
    value: str,
    action: base_pb2.HeaderValueOption.HeaderAppendAction,
) -> None:
    option.append_action = action
    option.header.key = name
    option.header.value = value


def _set_redirect(message: RedirectAction, redirect: Redirect) -> None:
    if redirect.path:
        message.path_redirect = redirect.path
    if redirect.host:
        message.host_redirect = redirect.host
    if redirect.scheme:
        message.scheme_redirect = redirect.scheme
    if redirect.port:
        message.port_redirect = redirect.port
    message.response_code = _REDIRECT_CODES[redirect.code]


def _set_direct_response(
    message: route_components_pb2.DirectResponseAction, answer: DirectResponse
) -> None:
    message.status = answer.status
    if answer.body is not None:
        message.body.inline_bytes = answer.body


def _set_forward(action: RouteAction, forward: Forward, path: PathMatch | None) -> None:
    # 0 means no limit; Envoy's default would be 15 s.
    action.timeout.CopyFrom(duration(forward.timeout))
    if forward.retry is not None:
        action.retry_policy.CopyFrom(retry_policy(forward.retry))
    if forward.host_rewrite:
        action.host_rewrite_literal = forward.host_rewrite
    if forward.path_rewrite is not None:
        _set_path_rewrite(action, forward.path_rewrite, path)
    _set_backends(action, forward.backends)
    if forward.hash_on is not None:
        _set_hash_policy(action, forward.hash_on)


def _set_backends(action: RouteAction, backends: tuple[Backend, ...]) -> None:
    if len(backends) == 1 and backends[0].is_plain:
        action.cluster = backends[0].cluster
        return
    for backend in backends:
        weighted = action.weighted_clusters.clusters.add(name=backend.cluster)
        weighted.weight.value = backend.weight
        set_headers(weighted, backend.request_headers, backend.response_headers)
        if backend.host_rewrite:
            weighted.host_rewrite_literal = backend.host_rewrite


_UNKNOWN_STATUS = 404
"""How inference APIs answer for a model that they do not know; in gRPC with one of these codes."""
_UNKNOWN_GRPC = ("5", "12")  # NOT_FOUND, UNIMPLEMENTED
_WITH_KEY = "%CEL('envoy.lb' in metadata.filter_metadata ? '{}' : '')%"


def set_retry_headers(route: Route, retry: Retry) -> None:
    """Have answers for something unknown retried for requests that carry a subset key.

    The route's policy says what is such an answer, and these headers that it is a reason: only the
    filters before the router know whether there is a key. Envoy removes them again.
    """
    added = {"x-envoy-retry-on": "retriable-status-codes,retriable-headers"}
    if retry.status_codes:
        # The policy has the codes that are a reason for all requests.
        added["x-envoy-retriable-status-codes"] = str(_UNKNOWN_STATUS)
    for name, value in added.items():
        _add(route.request_headers_to_add.add(), name, _WITH_KEY.format(value), _SET)


@lru_cache(maxsize=256)
def retry_policy(retry: Retry) -> RetryPolicy:
    """Return a RetryPolicy. It is shared: copy it."""
    policy = RetryPolicy()
    policy.num_retries.value = retry.attempts
    if retry.attempts == 0:
        return policy
    conditions = list(retry.conditions)
    if retry.status_codes:
        conditions.append("retriable-status-codes")
        policy.retriable_status_codes.extend(retry.status_codes)
    policy.retry_on = ",".join(dict.fromkeys(conditions))
    if retry.if_unknown:
        if not retry.status_codes:
            policy.retriable_status_codes.append(_UNKNOWN_STATUS)
        for code in _UNKNOWN_GRPC:
            policy.retriable_headers.add(name="grpc-status").string_match.exact = code
    # A different host than the one that failed, if there is one.
    policy.host_selection_retry_max_attempts = retry.hosts_considered
    policy.retry_host_predicate.add(
        name="envoy.retry_host_predicates.previous_hosts"
    ).typed_config.Pack(previous_hosts_pb2.PreviousHostsPredicate())
    if retry.per_try_timeout is not None:
        policy.per_try_timeout.CopyFrom(duration(retry.per_try_timeout))
    if retry.backoff is not None:
        policy.retry_back_off.base_interval.CopyFrom(duration(retry.backoff))
    return policy


def _set_path_rewrite(action: RouteAction, rewrite: PathRewrite, path: PathMatch | None) -> None:
    of_a_prefix = path is None or path.kind is TextKind.PREFIX
    if rewrite.kind is RewriteKind.WHOLE and of_a_prefix:
        # Replace the whole path, not just the prefix as Envoy's plain rewrite would.
        action.regex_rewrite.pattern.regex = r"^(?s:.*)$"
        action.regex_rewrite.substitution = rewrite.text.replace("\\", "\\\\")
    else:
        # Envoy replaces what was matched: a prefix or, for any other match, the whole path.
        action.prefix_rewrite = rewrite.text


def _set_hash_policy(action: RouteAction, key: HashKey) -> None:
    policy = action.hash_policy.add()
    if key.source is HashSource.HEADER:
        policy.header.header_name = key.name
    elif key.source is HashSource.COOKIE:
        policy.cookie.name = key.name
        policy.cookie.path = key.path
        if key.ttl is not None:
            policy.cookie.ttl.CopyFrom(duration(key.ttl))
    elif key.source is HashSource.SOURCE_IP:
        policy.connection_properties.source_ip = True
    else:
        policy.query_parameter.name = key.name
