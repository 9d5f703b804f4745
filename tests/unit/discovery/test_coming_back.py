"""Make before break for a client that comes back: what it has is in use while it says so."""

from straightway.discovery import (
    CLUSTER,
    CLUSTER_LOAD_ASSIGNMENT,
    LISTENER,
    ROUTE_CONFIGURATION,
)
from tests.support.conversation import Conversation, delta, resource

OLD = {"old": "1"}


def swapped() -> Conversation:
    """A stream of a client that had the service `old`, of which there is `new` instead by now."""
    talk = delta()
    talk.set(
        {
            CLUSTER: [resource(CLUSTER, "new", eds_service_name="new")],
            CLUSTER_LOAD_ASSIGNMENT: [resource(CLUSTER_LOAD_ASSIGNMENT, "new")],
            LISTENER: [resource(LISTENER, "listener")],
            ROUTE_CONFIGURATION: [resource(ROUTE_CONFIGURATION, "route", "to-new")],
        }
    )
    return talk


def told(talk: Conversation) -> list[tuple[str, dict[str, str], tuple[str, ...]]]:
    return [(each.type_url, dict(each.resources), each.removed) for each in talk.answers()]


def test_a_cluster_goes_only_after_the_routes_that_may_need_it():
    talk = swapped()
    talk.change(CLUSTER, initial=OLD)
    assert told(talk) == [(CLUSTER, {"new": "1"}, ())]
    talk.change(CLUSTER_LOAD_ASSIGNMENT, ["old"], initial=OLD)
    assert told(talk) == []
    talk.change(LISTENER, initial={"listener": "1"})
    assert told(talk) == []
    talk.change(CLUSTER_LOAD_ASSIGNMENT, ["new"])
    assert told(talk) == [(CLUSTER_LOAD_ASSIGNMENT, {"new": "1"}, ())]
    talk.change(ROUTE_CONFIGURATION, ["route"], initial={"route": "to-old"})
    assert told(talk) == [
        (ROUTE_CONFIGURATION, {"route": "to-new"}, ()),
        (CLUSTER, {}, ("old",)),
    ]
    talk.change(CLUSTER_LOAD_ASSIGNMENT, [], ["old"])
    assert told(talk) == []
    assert talk.session.deadline is None


def test_a_client_without_routes_is_waited_for_no_longer_than_the_time_limit():
    talk = delta(hold=1.0)
    talk.serve(CLUSTER, "new")
    talk.change(CLUSTER, initial=OLD)
    assert told(talk) == [(CLUSTER, {"new": "1"}, ())]
    assert talk.session.deadline == 1.0
    talk.now = 1.0
    assert told(talk) == [(CLUSTER, {}, ("old",))]
    assert talk.session.deadline is None


def test_a_changed_cluster_gets_its_endpoints_though_they_are_named_after_it_was_sent():
    talk = delta()
    cluster = resource(CLUSTER, "a", "2", eds_service_name="a")
    endpoints = resource(CLUSTER_LOAD_ASSIGNMENT, "a")
    talk.set({CLUSTER: [cluster], CLUSTER_LOAD_ASSIGNMENT: [endpoints]})
    talk.change(CLUSTER, initial={"a": "1"})
    assert told(talk) == [(CLUSTER, {"a": "2"}, ())]
    talk.change(CLUSTER_LOAD_ASSIGNMENT, ["a"], initial={"a": "1"})
    assert told(talk) == [(CLUSTER_LOAD_ASSIGNMENT, {"a": "1"}, ())]
