"""How long routing types wait, decision by decision."""

from straightway.discovery import CLUSTER_LOAD_ASSIGNMENT, Resource
from straightway.discovery.order import Order
from tests.support.conversation import resource

ENDPOINTS: dict[str, Resource] = {"a-endpoints": resource(CLUSTER_LOAD_ASSIGNMENT, "a-endpoints")}


def holds(order: Order, now: float, *, is_due: bool = True) -> bool:
    return order.holds_routing(ENDPOINTS, now, is_due=is_due, are_endpoints_asked_for=True)


def warming(*clusters: str) -> dict[str, str]:
    return {name: f"{name}-endpoints" for name in clusters}


def test_the_time_limit_ends_only_when_nothing_that_waited_is_left_to_be_sent():
    order = Order(hold=1.0, is_aggregated=True)
    order.sent_clusters(warming("a"), now=0.0)
    assert holds(order, 0.5)
    order.sent_endpoints({"a-endpoints"})
    # Routes are still to be sent when another cluster comes: they have waited since 0 already.
    assert not holds(order, 0.6, is_due=True)
    order.sent_clusters(warming("a"), now=0.6)
    assert order.deadline == 1.0
    assert holds(order, 0.9)
    assert not holds(order, 1.0)


def test_routes_that_were_sent_in_between_give_the_next_their_own_time():
    order = Order(hold=1.0, is_aggregated=True)
    order.sent_clusters(warming("a"), now=0.0)
    order.sent_endpoints({"a-endpoints"})
    assert not holds(order, 0.5, is_due=False)
    assert order.is_idle
    order.sent_clusters(warming("a"), now=0.6)
    assert order.deadline == 1.6


def test_a_cluster_that_the_client_gave_up_is_not_waited_for():
    order = Order(hold=1.0, is_aggregated=True)
    order.sent_clusters(warming("a", "b"), now=0.0)
    order.gave_up_clusters({"b"}.__contains__)
    assert not holds(order, 0.1), "b has no endpoints"
    assert order.warming == warming("b")
