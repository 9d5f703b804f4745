"""One stream's conversation: all its subscriptions, and the order in which types are sent.

Pure, as the subscriptions are: it is fed requests and asked for the next response, one at a time
and always from the newest content. Time comes in as a number.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from typing import Final, NamedTuple

from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest

from straightway.discovery.delta import DeltaSubscription
from straightway.discovery.lifetimes import Lifetimes, supports_ttl
from straightway.discovery.resources import (
    CLUSTER,
    CLUSTER_LOAD_ASSIGNMENT,
    LISTENER,
    RESOURCE_TYPES,
    ROUTE_CONFIGURATION,
    SCOPED_ROUTE_CONFIGURATION,
    VIRTUAL_HOST,
)
from straightway.discovery.response import Plan, Response, Variant, encode
from straightway.discovery.sotw import SotwSubscription
from straightway.discovery.status import ResourceStatus
from straightway.discovery.subscription import Request, Subscription, Verdict
from straightway.discovery.table import Table

_ROUTING_TYPES: Final = frozenset(
    {LISTENER, ROUTE_CONFIGURATION, SCOPED_ROUTE_CONFIGURATION, VIRTUAL_HOST}
)
"""The types that send requests to clusters."""

_EMPTY: Final = Table()


class InvalidRequestError(ValueError):
    """A request that no client of this service may send."""


class LimitExceededError(ValueError):
    """A request that asks for more than the server's limits allow."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one stream may subscribe to: names of all types together, and types."""

    names: int = 100_000
    types: int = 32


class Received(NamedTuple):
    """What a request meant: its verdict, and the response that the verdict is about, if any."""

    subscription: Subscription
    verdict: Verdict
    plan: Plan | None

    @property
    def type_url(self) -> str:
        """The type that the request is about."""
        return self.subscription.type_url


class Session:
    """The protocol on one stream: the aggregated service's, or with ``type_url`` that type's own.

    Make before break (the spec, "Eventual consistency considerations"): nothing may route to a
    cluster that Envoy has not got, or has got and not warmed. Messages of a stream are applied in
    order, so no type waits for the acknowledgement of another; three rules are enough:

    - While anything of the routing types is still to be sent, nothing is removed from the other
      types. (A complete set of clusters then still holds the old ones.)
    - Envoy does not use a new or changed cluster before it has got its endpoints, and it asks for
      those only after it has got the cluster. Routing types wait until the endpoints of all
      clusters that were sent have been sent after them, for ``hold`` seconds at most.
    - A client that comes back on a new stream names its types one after another, clusters first,
      and its old routes may need what is to be removed. Nothing is removed from the other types
      before it has named its routes, for ``hold`` seconds at most.

    On a stream of one type there is no order to keep, and nothing is held back.
    """

    def __init__(
        self, variant: Variant, hold: float, limits: Limits, type_url: str | None = None
    ) -> None:
        self.variant = variant
        self._type_url = type_url
        self._hold = hold
        self._limits = limits
        self._subscriptions: dict[str, Subscription] = {}
        self._last_number = 0
        # The ClusterLoadAssignments that Envoy needs to use the clusters sent to it.
        self._warming: set[str] = set()
        self._expects_endpoints = type_url is None
        # Until when routing types wait for endpoints, and removals for the routes to be named.
        self._warm_by: float | None = None
        self._named_by: float | None = None
        self._is_back = False
        self._holding = False
        # By type URL; only for a client that supports TTLs.
        self._supports_ttl = False
        self._lifetimes: dict[str, Lifetimes] = {}

    @property
    def deadline(self) -> float | None:
        """When there may be something to send though nothing has changed, None for never."""
        if self._warm_by is None and self._named_by is None and not self._lifetimes:
            return None
        times = [self._warm_by, self._named_by]
        times += [
            lifetimes.deadline
            for type_url, lifetimes in self._lifetimes.items()
            if not (self._holding and type_url in _ROUTING_TYPES)
        ]
        return min(filter(None, times), default=None)

    def request(self, request: Request) -> Received:
        """Take a request in and return what it meant.

        Raises InvalidRequestError and LimitExceededError, after which the stream must end.
        """
        type_url = request.type_url or self._type_url
        if type_url is None:
            raise InvalidRequestError("type_url is required on an aggregated stream")
        if self._type_url not in (None, type_url):
            raise InvalidRequestError(f"this service is for {self._type_url} and not for {type_url}")
        subscription = self._subscriptions.get(type_url)
        if subscription is None:
            subscription, verdict, plan = self._begin(type_url, request)
        else:
            verdict, plan = subscription.request(request)
        if sum([len(each.names) for each in self._subscriptions.values()]) > self._limits.names:
            raise LimitExceededError(f"more than {self._limits.names} resource names")
        if verdict is Verdict.NACK and subscription.type_url == CLUSTER:
            self._warming.clear()  # What Envoy has rejected it will not warm.
        return Received(subscription, verdict, plan)

    def next(self, tables: Mapping[str, Table], now: float) -> Response | None:
        """Return the next response to send, None if there is nothing to send now.

        ``now`` is in seconds on any clock, the one of :attr:`deadline`.
        """
        unsettled = [
            (subscription, table)
            for type_url, subscription in self._subscriptions.items()
            if not subscription.is_settled(table := tables.get(type_url, _EMPTY))
            or self._supports_ttl
        ]
        if not unsettled and self.deadline is None and not self._is_back:
            return None
        routing_is_due = any(
            [
                subscription.plan(table, removals=True) is not None
                for subscription, table in unsettled
                if subscription.type_url in _ROUTING_TYPES
            ]
        )
        self._holding = self._holds_routing(tables, now, is_due=routing_is_due)
        expects_routes = self._expects_routes(now)
        for subscription, table in unsettled:
            routing = subscription.type_url in _ROUTING_TYPES
            if routing and self._holding:
                continue
            removals = routing or not (routing_is_due or expects_routes)
            plan = subscription.plan(table, removals=removals)
            if plan is None and self._supports_ttl:
                plan = self._prolong(subscription, table, now)
            if plan is not None:
                return self._send(subscription, plan, table, now)
        return None

    def statuses(self) -> Iterator[tuple[str, list[ResourceStatus]]]:
        """Yield type by type how far the client has what it wants."""
        for type_url, subscription in tuple(self._subscriptions.items()):
            yield type_url, subscription.statuses()

    def _begin(
        self, type_url: str, request: Request
    ) -> tuple[Subscription, Verdict, Plan | None]:
        """Take in the first request for a type."""
        if not self._subscriptions:  # The node comes with the first request only.
            self._supports_ttl = supports_ttl(self.variant, request.node)
        subscription = self._open(type_url)
        verdict, plan = subscription.request(request)
        if type_url == CLUSTER_LOAD_ASSIGNMENT:
            subscription.send_again(self._warming)  # Of clusters that were sent before it asked.
        if isinstance(request, DeltaDiscoveryRequest) and request.initial_resource_versions:
            self._is_back = self._type_url is None
        return subscription, verdict, plan

    def _open(self, type_url: str) -> Subscription:
        if len(self._subscriptions) == self._limits.types:
            raise LimitExceededError(f"more than {self._limits.types} resource types")
        is_delta = self.variant is Variant.DELTA
        subscription = DeltaSubscription(type_url) if is_delta else SotwSubscription(type_url)
        self._subscriptions[type_url] = subscription
        self._subscriptions = dict(sorted(self._subscriptions.items(), key=_push_order))
        if type_url == CLUSTER_LOAD_ASSIGNMENT:
            self._expects_endpoints = True
        if self._supports_ttl:
            self._lifetimes[type_url] = Lifetimes()
        return subscription

    def _prolong(self, subscription: Subscription, table: Table, now: float) -> Plan | None:
        """Return what keeps alive the resources whose TTLs would run out at the client."""
        due = self._lifetimes[subscription.type_url].due(table, subscription.holds, now)
        return subscription.keep_alive(due, table) if due else None

    def _send(self, subscription: Subscription, plan: Plan, table: Table, now: float) -> Response:
        type_url = subscription.type_url
        encoded = encode(
            self.variant, type_url, plan, table, after=self._last_number, ttl=self._supports_ttl
        )
        self._last_number = encoded.number
        if plan.warms:
            self._warm(plan.warms, now)
        elif self._warming and type_url == CLUSTER_LOAD_ASSIGNMENT:
            self._warming = self._warming - {resource.name for resource in plan.resources}
        nonce = encoded.nonce
        subscription.sent(plan, nonce)
        if self._supports_ttl:
            self._lifetimes[type_url].sent(plan.resources, now)
        return Response(type_url, plan, nonce, encoded.data)

    def _warm(self, names: Set[str], now: float) -> None:
        """Have the endpoints of clusters that are sent sent after them, even if unchanged.

        The spec, "Resource warming": Envoy waits for them, and may not ask.
        """
        endpoints = self._subscriptions.get(CLUSTER_LOAD_ASSIGNMENT)
        if endpoints is not None:
            endpoints.send_again(names)
        if names and self._expects_endpoints:
            self._warming |= names
            if self._warm_by is None:
                self._warm_by = now + self._hold

    def _holds_routing(self, tables: Mapping[str, Table], now: float, *, is_due: bool) -> bool:
        """Whether clusters that were sent still lack their endpoints, and time is not up."""
        if self._warm_by is not None and now >= self._warm_by:
            # A client that gets its endpoints elsewhere is not made to wait again.
            self._expects_endpoints = CLUSTER_LOAD_ASSIGNMENT in self._subscriptions
            self._warming.clear()
        if not self._warming and not is_due:
            self._warm_by = None  # Not before: more clusters must not make routing wait longer.
        # Nobody waits for what does not exist; but it may come, so it is not forgotten.
        existing = tables.get(CLUSTER_LOAD_ASSIGNMENT, _EMPTY).resources
        return is_due and any(name in existing for name in self._warming)

    def _expects_routes(self, now: float) -> bool:
        """Whether the client is back from another stream, and is yet to name its routes."""
        if self._is_back:
            self._is_back = False
            self._named_by = now + self._hold
        if ROUTE_CONFIGURATION in self._subscriptions or (self._named_by or 0.0) <= now:
            self._named_by = None
        return self._named_by is not None


def _push_order(item: tuple[str, Subscription]) -> int:
    type_url = item[0]
    return RESOURCE_TYPES.index(type_url) if type_url in RESOURCE_TYPES else len(RESOURCE_TYPES)
