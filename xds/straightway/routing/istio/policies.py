"""TrafficPolicy → Policy: what a DestinationRule sets for a host or one of its subsets."""

from __future__ import annotations

from dataclasses import replace

from straightway.api.connection_pool import ConnectionPool as IstioPool
from straightway.api.connection_pool import H2UpgradePolicy, HttpSettings, TcpKeepalive
from straightway.api.destination_rule import TrafficPolicy
from straightway.api.dynamic_subset import (
    DynamicSubset,
    FallbackPolicy,
    SubsetRetries,
    SubsetSelector,
)
from straightway.api.load_balancer import ConsistentHash, LoadBalancer, SimpleLoadBalancer
from straightway.api.on_missing import Loader
from straightway.api.outlier_detection import OutlierDetection as IstioOutliers
from straightway.routing.http import HashKey, HashSource
from straightway.routing.istio.conditions import retry_conditions
from straightway.routing.missing import AnswerForm, Missing
from straightway.routing.policies import (
    NO_DEMANDS,
    NO_LIMITS,
    Balancing,
    ConnectionPool,
    Fallback,
    Http2,
    Keepalive,
    Leaving,
    Maglev,
    OutlierDetection,
    Policy,
    RingHash,
    Selector,
    SimpleBalancing,
    Subsets,
)

_SIMPLE = {
    SimpleLoadBalancer.PASSTHROUGH: SimpleBalancing.PASSTHROUGH,
    SimpleLoadBalancer.RANDOM: SimpleBalancing.RANDOM,
    SimpleLoadBalancer.ROUND_ROBIN: SimpleBalancing.ROUND_ROBIN,
    # Istio's default and its other names for it.
    SimpleLoadBalancer.UNSPECIFIED: SimpleBalancing.LEAST_REQUEST,
    SimpleLoadBalancer.LEAST_CONN: SimpleBalancing.LEAST_REQUEST,
    SimpleLoadBalancer.LEAST_REQUEST: SimpleBalancing.LEAST_REQUEST,
}
_FALLBACK = {
    FallbackPolicy.ANY_ENDPOINT: Fallback.ANY_ENDPOINT,
    FallbackPolicy.NO_FALLBACK: Fallback.NO_FALLBACK,
    FallbackPolicy.DEFAULT_SUBSET: Fallback.DEFAULT_SUBSET,
}


def policy_of(general: TrafficPolicy | None, own: TrafficPolicy | None = None) -> Policy:
    """Return the policy in force for a host or, with ``own``, for one of its named subsets.

    As in Istio, a subset's own policy overrides the general one part by part: ``loadBalancer``,
    ``connectionPool``, ``outlierDetection``.
    """
    policy = _in_force(general, own)
    if policy is None:
        return NO_DEMANDS
    balancer, pool, outliers = (
        policy.load_balancer,
        policy.connection_pool,
        policy.outlier_detection,
    )
    subsets = balancer.dynamic_subset if balancer else None
    return Policy(
        balancing=_balancing(balancer) if balancer else SimpleBalancing.LEAST_REQUEST,
        subsets=_subsets(subsets) if subsets else None,
        pool=_pool(pool) if pool else NO_LIMITS,
        outliers=_outliers(outliers) if outliers else None,
    )


def loader_of(general: TrafficPolicy | None, own: TrafficPolicy | None = None) -> Loader | None:
    """Return the service for what no endpoint has, or None; see :func:`policy_of`."""
    policy = _in_force(general, own)
    balancer = policy.load_balancer if policy is not None else None
    subsets = balancer.dynamic_subset if balancer is not None else None
    return subsets.loader if subsets is not None else None


def hash_key_of(consistent_hash: ConsistentHash) -> HashKey:
    """Return what a consistent hash uses of a request; exactly one field is set."""
    if consistent_hash.http_header_name:
        return HashKey(HashSource.HEADER, consistent_hash.http_header_name)
    if consistent_hash.http_cookie is not None:
        cookie = consistent_hash.http_cookie
        return HashKey(HashSource.COOKIE, cookie.name, cookie.path, cookie.ttl)
    if consistent_hash.use_source_ip:
        return HashKey(HashSource.SOURCE_IP)
    return HashKey(HashSource.QUERY, consistent_hash.http_query_parameter_name or "")


def _in_force(general: TrafficPolicy | None, own: TrafficPolicy | None) -> TrafficPolicy | None:
    if own is None or general is None:
        return own or general
    return general.model_copy(update={name: getattr(own, name) for name in own.model_fields_set})


def _balancing(balancer: LoadBalancer) -> Balancing:
    hashing = balancer.consistent_hash
    if hashing is None:
        return _SIMPLE[balancer.simple or SimpleLoadBalancer.UNSPECIFIED]
    on = hash_key_of(hashing)
    if hashing.maglev is not None:
        return Maglev(on, hashing.maglev.table_size)
    ring = hashing.ring_hash
    size = (ring.minimum_ring_size if ring else None) or hashing.minimum_ring_size
    return RingHash(on, size) if size else RingHash(on)


def _subsets(subsets: DynamicSubset) -> Subsets:
    found = Subsets(
        selectors=tuple(
            Selector(
                tuple(sorted(selector.keys)),
                _FALLBACK[selector.fallback_policy],
                _missing(selector),
            )
            for selector in subsets.subset_selectors
        ),
        fallback=_FALLBACK[subsets.fallback_policy or FallbackPolicy.ANY_ENDPOINT],
        default=tuple(sorted(subsets.default_subset.items())),
    )
    can_be_left = found.strict.can_be_left and subsets.retries.attempts
    if can_be_left or subsets.loader is not None:
        return replace(found, leaving=_leaving(subsets.retries))
    return found


def _missing(selector: SubsetSelector) -> Missing | None:
    answer = selector.on_missing.answer if selector.on_missing is not None else None
    return Missing(selector.keys[0], AnswerForm(answer.value)) if answer is not None else None


def _leaving(retries: SubsetRetries) -> Leaving:
    conditions, codes = retry_conditions(retries.also)
    return Leaving(retries.attempts, conditions, codes, retries.per_try_timeout)


def _pool(pool: IstioPool) -> ConnectionPool:
    # In Istio 0 means no limit, like a field that is not set.
    tcp, http = pool.tcp, pool.http
    return ConnectionPool(
        max_connections=tcp.max_connections or None,
        max_pending_requests=http.http1_max_pending_requests or None,
        max_requests=http.http2_max_requests or None,
        max_retries=http.max_retries or None,
        max_requests_per_connection=http.max_requests_per_connection or None,
        max_concurrent_streams=http.max_concurrent_streams or None,
        connect_timeout=tcp.connect_timeout,
        max_connection_duration=tcp.max_connection_duration,
        idle_timeout=http.idle_timeout,
        keepalive=_keepalive(tcp.tcp_keepalive) if tcp.tcp_keepalive else None,
        http2=_http2(http),
    )


def _keepalive(keepalive: TcpKeepalive) -> Keepalive:
    return Keepalive(keepalive.probes or None, keepalive.time or None, keepalive.interval or None)


def _http2(http: HttpSettings) -> Http2:
    if http.use_client_protocol:
        return Http2.AS_CLIENT_DOES
    upgrades = http.h2_upgrade_policy is H2UpgradePolicy.UPGRADE
    return Http2.ALWAYS if upgrades else Http2.AS_PORT_SAYS


def _outliers(outliers: IstioOutliers) -> OutlierDetection:
    return OutlierDetection(
        consecutive_5xx=outliers.consecutive_5xx_errors,
        consecutive_gateway_failures=outliers.consecutive_gateway_errors,
        consecutive_local_origin_failures=outliers.consecutive_local_origin_failures,
        splits_local_origin_errors=outliers.split_external_local_origin_errors,
        interval=outliers.interval,
        base_ejection_time=outliers.base_ejection_time,
        max_ejection_percent=outliers.max_ejection_percent,
        min_health_percent=outliers.min_health_percent or None,
    )
