"""loadBalancer: which endpoint a request goes to."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from functools import lru_cache
from math import isqrt
from typing import Annotated

from pydantic import AfterValidator

from straightway.api.codes import Code
from straightway.api.durations import Duration
from straightway.api.dynamic_subset import DynamicSubset
from straightway.api.faults import Fault, wrong
from straightway.api.model import CheckedModel, Model, Untranslated
from straightway.api.texts import one_of
from straightway.api.values import Bool, HeaderName, Int, not_empty, within

_LARGEST_RING = 8_388_608
_LARGEST_TABLE = 5_000_011


class SimpleLoadBalancer(StrEnum):
    """Load balancing without affinity. LEAST_CONN is the old name of LEAST_REQUEST."""

    UNSPECIFIED = "UNSPECIFIED"
    LEAST_CONN = "LEAST_CONN"
    LEAST_REQUEST = "LEAST_REQUEST"
    PASSTHROUGH = "PASSTHROUGH"
    RANDOM = "RANDOM"
    ROUND_ROBIN = "ROUND_ROBIN"


def _check_prime(value: int) -> int:
    if _is_prime(value):
        return value
    message = f"{value} is not prime, as Maglev's table size must be: write, for example, 65537."
    raise wrong(Code.OUT_OF_RANGE, message)


@lru_cache(maxsize=64)  # One check takes 0.1 ms, and many subsets share a table size.
def _is_prime(value: int) -> bool:
    return value > 1 and all(value % divisor for divisor in range(2, isqrt(value) + 1))


RingSize = Annotated[Int, within(0, _LARGEST_RING, what="a ring size")]


class HttpCookie(Model):
    """A cookie to hash; Envoy sets it if it is missing. ``ttl`` zero: a session cookie."""

    name: Annotated[str, not_empty("name the cookie")]
    """The cookie's name."""
    path: str = ""
    """The path for which the cookie is set."""
    ttl: Duration | None = None
    """How long the cookie lives; 0s: a session cookie. Without it, Envoy sets no cookie."""
    attributes: Annotated[None, Untranslated("the cookie is set without them")] = None


class RingHash(Model):
    """Ketama hashing."""

    minimum_ring_size: RingSize | None = None
    """The smallest number of entries in the ring."""


class Maglev(Model):
    """Maglev hashing."""

    table_size: (
        Annotated[
            Int, within(2, _LARGEST_TABLE, what="a Maglev table size"), AfterValidator(_check_prime)
        ]
        | None
    ) = None
    """The size of the table: a prime number."""


_HASH_KEYS = {
    "http_header_name": "httpHeaderName",
    "http_cookie": "httpCookie",
    "use_source_ip": "useSourceIp",
    "http_query_parameter_name": "httpQueryParameterName",
}


class ConsistentHash(CheckedModel):
    """Requests with the same hash key go to the same endpoint.

    ``minimum_ring_size`` is the deprecated form of ``ring_hash.minimum_ring_size``.
    """

    http_header_name: HeaderName | None = None
    """Hashes this request header."""
    http_cookie: HttpCookie | None = None
    """Hashes this cookie."""
    use_source_ip: Bool = False
    """Hashes the client's address."""
    http_query_parameter_name: Annotated[str, not_empty("name the parameter")] | None = None
    """Hashes this query parameter."""
    ring_hash: RingHash | None = None
    """Uses Ketama hashing, which is the default."""
    maglev: Maglev | None = None
    """Uses Maglev hashing."""
    minimum_ring_size: RingSize | None = None
    """Deprecated: write `ringHash.minimumRingSize`."""

    def faults(self) -> Iterable[Fault]:
        """Yield what is wrong between the fields."""
        given = [alias for name, alias in _HASH_KEYS.items() if getattr(self, name)]
        if not given:
            message = f"Say what to hash: write {one_of(*_HASH_KEYS.values())}."
            yield Fault(Code.MISSING_FIELD, message)
        for name in given[1:]:
            message = f"Only one thing can be hashed: write either {given[0]} or {name}."
            yield Fault(Code.CONFLICTING_FIELDS, message, (name,))
        if self.maglev is not None and self.ring_hash is not None:
            message = "Write either ringHash or maglev, not both."
            yield Fault(Code.CONFLICTING_FIELDS, message, ("maglev",))


class LoadBalancer(CheckedModel):
    """One of ``simple`` and ``consistent_hash`` chooses among the endpoints.

    ``dynamic_subset`` narrows the endpoints first, so it combines with either.
    """

    simple: SimpleLoadBalancer | None = None
    """Chooses without affinity; LEAST_REQUEST without it."""
    consistent_hash: ConsistentHash | None = None
    """Sends requests with the same hash key to the same endpoint."""
    dynamic_subset: DynamicSubset | None = None
    """Narrows the endpoints to those that declare the values which the request carries
    (`headerToDynamicSubsetKey`), before one of them is chosen.
    """
    locality_lb_setting: Annotated[
        None, Untranslated("all localities are treated alike", ({"enabled": False},))
    ] = None
    warmup: Annotated[None, Untranslated("new endpoints get their full share at once")] = None
    warmup_duration_secs: Annotated[
        None, Untranslated("new endpoints get their full share at once")
    ] = None

    def faults(self) -> Iterable[Fault]:
        """Yield what is wrong between the fields."""
        if self.simple is not None and self.consistent_hash is not None:
            message = "Write either simple or consistentHash, not both."
            yield Fault(Code.CONFLICTING_FIELDS, message, ("consistentHash",))
        if self.simple is SimpleLoadBalancer.PASSTHROUGH and self.dynamic_subset is not None:
            message = "PASSTHROUGH chooses no endpoint, so subsets have no effect: use another."
            yield Fault(Code.CONFLICTING_FIELDS, message, ("simple",))
