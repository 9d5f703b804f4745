"""Clients that subscribe to the same names share one set of them."""

from __future__ import annotations

import gc
import weakref

from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest, DiscoveryRequest

from straightway.discovery import CLUSTER_LOAD_ASSIGNMENT
from straightway.discovery.delta import DeltaSubscription
from straightway.discovery.names import changed, names_of
from straightway.discovery.requests import decode
from straightway.discovery.response import Variant
from straightway.discovery.sotw import SotwSubscription


def fresh(*names: str) -> list[str]:
    """Strings that nothing else refers to, as they come from the wire."""
    return [name.encode().decode() for name in names]


def ask(subscription: DeltaSubscription, more: list[str], fewer: list[str]) -> None:
    request = DeltaDiscoveryRequest(
        type_url=CLUSTER_LOAD_ASSIGNMENT,
        resource_names_subscribe=more,
        resource_names_unsubscribe=fewer,
    )
    subscription.request(decode(Variant.DELTA, request.SerializeToString()))


def test_equal_names_are_one_set_and_other_names_another():
    one, same, other = names_of(fresh("a", "b")), names_of(fresh("b", "a")), names_of(["a"])

    assert one is same
    assert one == {"a", "b"}
    assert other == {"a"}


def test_nothing_is_kept_of_names_that_nobody_has_any_more():
    gone = weakref.ref(names_of(["name-that-no-other-test-uses"]))
    gc.collect()
    assert gone() is None


def test_names_that_change_alike_stay_one_set():
    one = changed(names_of(["a", "b"]), frozenset(["c"]), frozenset(["a"]))
    assert one is names_of(["b", "c"])


def test_delta_clients_share_their_names_from_the_first_request_to_the_last():
    subscriptions = [DeltaSubscription(CLUSTER_LOAD_ASSIGNMENT) for _ in range(2)]

    for each in subscriptions:
        ask(each, ["a", "b"], [])
    assert subscriptions[0].names is subscriptions[1].names
    for each in subscriptions:
        ask(each, ["c"], ["a"])
    assert subscriptions[0].names is subscriptions[1].names
    assert subscriptions[0].names == {"b", "c"}


def test_state_of_the_world_clients_share_their_names():
    subscriptions = [SotwSubscription(CLUSTER_LOAD_ASSIGNMENT) for _ in range(2)]

    for names in (["a", "b"], ["b", "c"]):
        for each in subscriptions:
            each.request(DiscoveryRequest(resource_names=names))
        assert subscriptions[0].names is subscriptions[1].names
        assert subscriptions[0].names == set(names)
