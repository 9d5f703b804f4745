"""One stream's conversation: all its subscriptions, and the order in which types are sent.

Pure, like the subscriptions: it takes requests and returns the next response, one at a time and
always from the newest content. Time is passed in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from envoy.service.discovery.v3.discovery_pb2 import DiscoveryRequest

from straightway.discovery.delta import DeltaSubscription
from straightway.discovery.lifetimes import Lifetimes, supports_ttl
from straightway.discovery.limits import Limits
from straightway.discovery.order import ROUTING_TYPES, Order
from straightway.discovery.requests import InvalidRequestError, Request
from straightway.discovery.resources import (
    CLUSTER,
    CLUSTER_LOAD_ASSIGNMENT,
    RESOURCE_TYPES,
    ROUTE_CONFIGURATION,
    VIRTUAL_HOST,
)
from straightway.discovery.response import Plan, Response, Variant, encode
from straightway.discovery.sotw import SotwSubscription
from straightway.discovery.status import ResourceStatus
from straightway.discovery.subscription import Subscription
from straightway.discovery.table import Table
from straightway.discovery.verdicts import Verdict

_EMPTY: Final = Table()
# Characters of a client's text in a status, which must fit into a header.
_LONGEST_QUOTE: Final = 200


class Received(NamedTuple):
    """The meaning of a request: its verdict, and the response that it is about, if any.

    ``nonce`` is that response's, ``error_message`` the client's reason if it rejects it.
    """

    subscription: Subscription
    verdict: Verdict
    plan: Plan | None
    nonce: str = ""
    error_message: str = ""

    @property
    def type_url(self) -> str:
        """The type that the request is about."""
        return self.subscription.type_url


class Session:
    """The protocol on one stream: the aggregated service's, or with ``type_url`` that type's own.

    Types are sent in the protocol's push order, and what must not be sent yet waits:
    :class:`~straightway.discovery.order.Order`.
    """

    __slots__ = (
        "_acks",
        "_hold",
        "_in_push_order",
        "_last_number",
        "_lifetimes",
        "_limits",
        "_order",
        "_removals_after",
        "_subscriptions",
        "_supports_ttl",
        "_type_url",
        "deadline",
        "has_more",
        "variant",
    )

    def __init__(
        self, variant: Variant, hold: float, limits: Limits, type_url: str | None = None
    ) -> None:
        self.variant = variant
        self.has_more = False
        """Whether there may be more to send, after what :meth:`next` has just returned.

        Also if a request about one type makes another due.
        """
        self.deadline: float | None = None
        """When there may be something to send without a change; None for never.

        It is valid once :meth:`next` has found nothing more.
        """
        self._type_url = type_url
        self._limits = limits
        self._hold = hold
        # By type URL: how long the removal of a resource that the client still names waits.
        self._removals_after: dict[str, float] = {}
        self._order = Order(hold, is_aggregated=type_url is None)
        self._subscriptions: dict[str, Subscription] = {}
        self._in_push_order: tuple[Subscription, ...] = ()
        self._last_number = 0
        # By the ACK of each one's newest response.
        self._acks: dict[bytes, Subscription] = {}
        # By type URL; only for a client that supports TTLs.
        self._supports_ttl = False
        self._lifetimes: dict[str, Lifetimes] = {}

    def request(self, request: Request, tables: Mapping[str, Table] | None = None) -> Received:
        """Process a request and return what it meant.

        With ``tables``, what a client says it holds is compared with them now, instead of being
        kept until the next response: many clients may reconnect at once.

        Raises InvalidRequestError and LimitExceededError, after which the stream must end.
        """
        type_url = request.type_url or self._type_url
        if type_url is None:
            raise InvalidRequestError("type_url is required on an aggregated stream")
        if self._type_url is not None and self._type_url != type_url:
            asked_for = type_url[:_LONGEST_QUOTE]
            raise InvalidRequestError(
                f"this service is for {self._type_url} and not for {asked_for}"
            )
        subscription = self._subscriptions.get(type_url)
        is_first = subscription is None
        if subscription is None:
            subscription = self._open(type_url, request)
        names_before = len(subscription.names)
        verdict, plan = subscription.request(request)
        self._limits.check_name(subscription.longest_name)
        if len(subscription.names) > names_before:
            self._limits.check_names(sum(len(each.names) for each in self._subscriptions.values()))
        if is_first and tables is not None:
            subscription.look(tables.get(type_url, _EMPTY))
        if is_first and type_url == CLUSTER_LOAD_ASSIGNMENT:
            # For clusters that were sent before.
            subscription.send_again(self._order.warming.values())
        if verdict is Verdict.NACK and type_url == CLUSTER:
            self._order.rejected_clusters()
        if type_url == CLUSTER and self._order.warming:
            self.has_more |= self._order.gave_up_clusters(subscription.wants)
        message = request.error_detail.message if verdict is Verdict.NACK else ""
        return Received(subscription, verdict, plan, request.response_nonce, message)

    def accept(self, data: bytes) -> Received | None:
        """Process a request that is still encoded, if it only accepts a response.

        Nearly every request is the ACK of a type's newest response, which has only one encoding in
        the delta variant. None for any other request, which is left to :meth:`request`.
        """
        subscription = self._acks.pop(data, None)
        if subscription is None:
            return None
        verdicts = subscription.verdicts
        plan = verdicts.accept()
        return None if plan is None else Received(subscription, Verdict.ACK, plan, verdicts.nonce)

    def next(self, tables: Mapping[str, Table], now: float) -> Response | None:
        """Return the next response to send, or None if there is nothing to send now.

        ``now`` is in seconds on any clock, the same as for :attr:`deadline`.
        """
        unsettled = [
            (subscription, table)
            for subscription in self._in_push_order
            if not subscription.is_settled(table := tables.get(subscription.type_url, _EMPTY))
        ]
        if self._supports_ttl or len(unsettled) > 1 or not self._order.is_idle:
            return self._next_in_order(tables, now)
        self.has_more, self.deadline = False, None
        for subscription, table in unsettled:  # One type only, so there is no order to keep.
            removals_after = self._removals_after[subscription.type_url]
            plan = subscription.plan(table, now, removals_after=removals_after)
            if plan is not None:
                response = self._send(subscription, plan, table, now)
                self.has_more = not (subscription.is_settled(table) and self._order.is_idle)
                return response
            self.deadline = subscription.deadline
        return None

    def _next_in_order(self, tables: Mapping[str, Table], now: float) -> Response | None:
        subscriptions = [(s, tables.get(s.type_url, _EMPTY)) for s in self._in_push_order]
        routing_is_due = any(
            subscription.plan(table, now, removals_after=0.0) is not None
            for subscription, table in subscriptions
            if subscription.type_url in ROUTING_TYPES
        )
        holds_routing = self._order.holds_routing(
            tables.get(CLUSTER_LOAD_ASSIGNMENT, _EMPTY).resources,
            now,
            is_due=routing_is_due,
            are_endpoints_asked_for=CLUSTER_LOAD_ASSIGNMENT in self._subscriptions,
        )
        routes_are_asked_for = ROUTE_CONFIGURATION in self._subscriptions
        expects_routes = self._order.expects_routes(now, are_asked_for=routes_are_asked_for)
        for subscription, table in subscriptions:
            is_routing = subscription.type_url in ROUTING_TYPES
            if is_routing and holds_routing:
                continue
            holds_removals = not is_routing and (routing_is_due or expects_routes)
            removals_after = None if holds_removals else self._removals_after[subscription.type_url]
            plan = subscription.plan(table, now, removals_after=removals_after)
            if plan is None and self._supports_ttl:
                plan = self._prolong(subscription, table, now)
            if plan is not None:
                self.has_more = True
                return self._send(subscription, plan, table, now)
        self.has_more = False
        times = [self._order.deadline]
        if not (routing_is_due or expects_routes):
            times += [subscription.deadline for subscription, _ in subscriptions]
        times += [
            lifetimes.deadline
            for type_url, lifetimes in self._lifetimes.items()
            if not (holds_routing and type_url in ROUTING_TYPES)
        ]
        self.deadline = min(filter(None, times), default=None)
        return None

    def sum_up(self, changes: int) -> None:
        """Process changes of a type once there are this many, even if nothing can be sent.

        All changes since the last call of :meth:`next` are kept in memory. Afterwards only the
        names in which the client differs are.
        """
        for subscription in self._in_push_order:
            subscription.sum_up(changes)

    def has_sent(self, tables: Mapping[str, Table]) -> bool:
        """Whether everything that the client has asked for was sent, in its current version."""
        return all(
            subscription.is_settled(tables.get(subscription.type_url, _EMPTY))
            for subscription in self._in_push_order
        )

    @property
    def rejects(self) -> bool:
        """Whether the client has rejected something that has not been replaced since."""
        return any(
            subscription.verdicts.rejected or subscription.verdicts.to_retry
            for subscription in self._in_push_order
        )

    def statuses(self) -> Iterator[tuple[str, list[ResourceStatus]]]:
        """Yield, per type, the status of what the client wants."""
        for subscription in self._in_push_order:
            yield subscription.type_url, subscription.statuses()

    def _open(self, type_url: str, request: Request) -> Subscription:
        """Start with a type, of which ``request`` is the first request."""
        self._limits.check_type(type_url, len(self._subscriptions) + 1)
        if not self._subscriptions:  # The node comes with the first request only.
            self._supports_ttl = supports_ttl(self.variant, request.node)
        is_delta = self.variant is Variant.DELTA
        if type_url == VIRTUAL_HOST and not is_delta:  # Envoy's documentation of VHDS.
            raise InvalidRequestError("virtual hosts on demand are for delta streams only")
        subscription = DeltaSubscription(type_url) if is_delta else SotwSubscription(type_url)
        if type_url == CLUSTER_LOAD_ASSIGNMENT:
            self._order.asked_for_endpoints()
        if not isinstance(request, DiscoveryRequest) and request.initial_resource_versions:
            self._limits.check_held(len(request.initial_resource_versions))
            self._order.came_back()
        self._subscriptions[type_url] = subscription
        self._in_push_order = tuple(sorted(self._subscriptions.values(), key=_push_order))
        routes = ROUTING_TYPES & self._subscriptions.keys()
        self._removals_after = {
            url: self._hold if routes and url not in routes else 0.0 for url in self._subscriptions
        }
        if self._supports_ttl:
            self._lifetimes[type_url] = Lifetimes()
        return subscription

    def _prolong(self, subscription: Subscription, table: Table, now: float) -> Plan | None:
        """Return a heartbeat response for resources whose TTLs would expire at the client."""
        due = self._lifetimes[subscription.type_url].due(table, subscription.holds, now)
        return subscription.keep_alive(due, table, now) if due else None

    def _send(self, subscription: Subscription, plan: Plan, table: Table, now: float) -> Response:
        type_url, ttl = subscription.type_url, self._supports_ttl
        encoded = encode(self.variant, type_url, plan, table, after=self._last_number, ttl=ttl)
        self._last_number = encoded.number
        if type_url == CLUSTER:
            self._warm(plan.warming, now)
        elif type_url == CLUSTER_LOAD_ASSIGNMENT and self._order.warming:
            self._order.sent_endpoints({resource.name for resource in plan.resources})
        subscription.sent(plan, encoded.nonce)
        if encoded.ack:
            self._acks.pop(subscription.ack, None)
            subscription.ack = encoded.ack
            self._acks[encoded.ack] = subscription
        if ttl:
            self._lifetimes[type_url].sent(plan.resources, now)
        return Response(type_url, plan, encoded.nonce, encoded.data)

    def _warm(self, assignments: Mapping[str, str], now: float) -> None:
        """Send the endpoints of clusters again after these are sent, even if unchanged.

        The spec, "Resource warming": Envoy waits for them, and may not request them.
        """
        endpoints = self._subscriptions.get(CLUSTER_LOAD_ASSIGNMENT)
        if endpoints is not None:
            endpoints.send_again(assignments.values())
        self._order.sent_clusters(assignments, now)


def _push_order(subscription: Subscription) -> int:
    type_url = subscription.type_url
    return RESOURCE_TYPES.index(type_url) if type_url in RESOURCE_TYPES else len(RESOURCE_TYPES)
