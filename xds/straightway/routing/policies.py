"""Policies: how a cluster chooses among its endpoints, and its limits on them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import TypeAlias

from straightway.routing.http import HashKey
from straightway.routing.missing import Missing


class SimpleBalancing(StrEnum):
    """Choices without affinity. PASSTHROUGH: requests go to their original destination."""

    LEAST_REQUEST = "least_request"
    ROUND_ROBIN = "round_robin"
    RANDOM = "random"
    PASSTHROUGH = "passthrough"


@dataclass(frozen=True, slots=True)
class RingHash:
    """Ketama hashing; ``minimum_size`` is the number of entries in the ring."""

    on: HashKey
    minimum_size: int = 1024  # Envoy's default


@dataclass(frozen=True, slots=True)
class Maglev:
    """Maglev hashing; ``table_size`` None is Envoy's default."""

    on: HashKey
    table_size: int | None = None


Balancing: TypeAlias = SimpleBalancing | RingHash | Maglev


class Fallback(StrEnum):
    """Where a request goes whose subset has no endpoint."""

    ANY_ENDPOINT = "ANY_ENDPOINT"
    NO_FALLBACK = "NO_FALLBACK"
    DEFAULT_SUBSET = "DEFAULT_SUBSET"


@dataclass(frozen=True, slots=True)
class Selector:
    """Puts endpoints with the same values of all ``keys`` (sorted) into one subset.

    ``missing``: how a proxy answers requests whose subset has no endpoint, if it can.
    """

    keys: tuple[str, ...]
    fallback: Fallback = Fallback.NO_FALLBACK
    missing: Missing | None = None


@dataclass(frozen=True, slots=True)
class Leaving:
    """How often and when a request that its subset cannot answer is tried again, and elsewhere.

    ``conditions`` (Envoy's ``retry_on``) and ``status_codes`` come beside those that tell that no
    endpoint has begun to work on the request.
    """

    attempts: int = 7
    conditions: tuple[str, ...] = ()
    status_codes: tuple[int, ...] = ()
    per_try_timeout: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Subsets:
    """The subsets of a cluster's endpoints.

    ``fallback`` applies to requests that carry none of the keys, or keys that no selector has.
    ``default`` (pairs of key and value, sorted) is where DEFAULT_SUBSET sends requests. ``leaving``
    None: a request never leaves a subset that has an endpoint. ``loader`` is the cluster where
    requests go instead that leave their subset, or find none; empty for none.
    """

    selectors: tuple[Selector, ...]
    fallback: Fallback = Fallback.ANY_ENDPOINT
    default: tuple[tuple[str, str], ...] = ()
    leaving: Leaving | None = None
    loader: str = ""

    @property
    def missing(self) -> Missing | None:
        """How requests for something missing are answered, or None if they are not."""
        return next((each.missing for each in self.selectors if each.missing), None)

    @property
    def keys(self) -> tuple[str, ...]:
        """Every key that a selector or the default subset names, sorted: what endpoints carry."""
        named = {key for selector in self.selectors for key in selector.keys}
        return tuple(sorted(named.union(key for key, _ in self.default)))

    @property
    def can_be_left(self) -> bool:
        """Whether some selector lets its requests go to any endpoint.

        Requests outside of the subsets must be allowed to, too: a request that has left its subset
        is one of them.
        """
        any_endpoint = Fallback.ANY_ENDPOINT
        allowed = any(selector.fallback is any_endpoint for selector in self.selectors)
        return self.fallback is any_endpoint and allowed

    @property
    def strict(self) -> Subsets:
        """The same where something else takes the place of a fallback: an answer, or a loader."""
        no_endpoint = Fallback.NO_FALLBACK
        selectors = tuple(
            replace(each, fallback=no_endpoint) if each.missing or self.loader else each
            for each in self.selectors
        )
        return replace(self, selectors=selectors)

    @property
    def not_left(self) -> Subsets | None:
        """What remains of the subsets for requests that have left theirs: the stricter selectors.

        None if there are none, so that all endpoints are alike.
        """
        kept = tuple(each for each in self.selectors if each.fallback is not Fallback.ANY_ENDPOINT)
        return replace(self, selectors=kept, leaving=None) if kept else None


@dataclass(frozen=True, slots=True)
class Keepalive:
    """TCP keep-alive; None is the operating system's default."""

    probes: int | None = None
    time: timedelta | None = None
    interval: timedelta | None = None


class Http2(StrEnum):
    """Whether requests to the endpoints use HTTP/2."""

    AS_PORT_SAYS = "as_port_says"
    ALWAYS = "always"
    AS_CLIENT_DOES = "as_client_does"


@dataclass(frozen=True, slots=True)
class ConnectionPool:
    """Limits to one cluster, for each Envoy. None: no limit, and for timeouts Envoy's default."""

    max_connections: int | None = None
    max_pending_requests: int | None = None
    max_requests: int | None = None
    max_retries: int | None = None
    max_requests_per_connection: int | None = None
    max_concurrent_streams: int | None = None
    connect_timeout: timedelta | None = None
    max_connection_duration: timedelta | None = None
    idle_timeout: timedelta | None = None
    keepalive: Keepalive | None = None
    http2: Http2 = Http2.AS_PORT_SAYS


@dataclass(frozen=True, slots=True)
class OutlierDetection:
    """When an endpoint is ejected, and for how long. None: Envoy's default; 0 errors: never."""

    consecutive_5xx: int | None = None
    consecutive_gateway_failures: int | None = None
    consecutive_local_origin_failures: int | None = None
    splits_local_origin_errors: bool = False
    interval: timedelta | None = None
    base_ejection_time: timedelta | None = None
    longest_ejection_time: timedelta | None = None
    max_ejection_percent: int | None = None
    min_health_percent: int | None = None


NO_LIMITS = ConnectionPool()


@dataclass(frozen=True, slots=True)
class Policy:
    """Everything that applies to requests to a cluster."""

    balancing: Balancing = SimpleBalancing.LEAST_REQUEST
    subsets: Subsets | None = None
    pool: ConnectionPool = NO_LIMITS
    outliers: OutlierDetection | None = None

    @property
    def hash_on(self) -> HashKey | None:
        """What load balancing hashes of a request, or None."""
        return None if isinstance(self.balancing, SimpleBalancing) else self.balancing.on

    @property
    def passes_through(self) -> bool:
        """Whether requests go to their original destination instead of the cluster's endpoints."""
        return self.balancing is SimpleBalancing.PASSTHROUGH


NO_DEMANDS = Policy()
"""Least requests, no limits, no ejection: Istio's defaults."""
