from collections.abc import Iterable

from straightway.discovery import (
    CLUSTER,
    CLUSTER_LOAD_ASSIGNMENT,
    LISTENER,
    ROUTE_CONFIGURATION,
    SECRET,
    Resource,
)
from tests.support.conversation import Answer, Conversation, delta, resource, resources, sotw


def service(name: str, version: str = "1") -> dict[str, list[Resource]]:
    """One cluster with endpoints by EDS, and a listener's route that goes to it."""
    return {
        CLUSTER: [resource(CLUSTER, name, version, eds_service_name=name)],
        CLUSTER_LOAD_ASSIGNMENT: [resource(CLUSTER_LOAD_ASSIGNMENT, name, version)],
        LISTENER: [resource(LISTENER, "listener")],
        ROUTE_CONFIGURATION: [resource(ROUTE_CONFIGURATION, "route", f"to-{name}")],
    }


def started(talk: Conversation) -> Conversation:
    """A client that has the service `old`."""
    talk.set(service("old"))
    subscribe(talk, CLUSTER)
    subscribe(talk, CLUSTER_LOAD_ASSIGNMENT, ["old"])
    subscribe(talk, LISTENER)
    subscribe(talk, ROUTE_CONFIGURATION, ["route"])
    assert kinds(talk.answers()) == [
        CLUSTER,
        CLUSTER_LOAD_ASSIGNMENT,
        LISTENER,
        ROUTE_CONFIGURATION,
    ]
    return talk


def subscribe(talk: Conversation, type_url: str, names: Iterable[str] = ()) -> None:
    if talk.variant.value == "sotw":
        talk.ask(type_url, *names)
    else:
        talk.change(type_url, names)


def kinds(answers: list[Answer]) -> list[str]:
    return [answer.type_url for answer in answers]


def test_two_services_are_swapped_without_a_gap_in_sotw():
    talk = started(sotw())
    talk.set(service("new"))

    (clusters,) = talk.answers()
    assert clusters.resources == {"new": "1", "old": "1"}, "the old cluster is still there"

    talk.ask(CLUSTER_LOAD_ASSIGNMENT, "new", "old")
    endpoints, routes, final = talk.answers()
    assert endpoints.resources == {"new": "1"}
    assert routes.resources == {"route": "to-new"}
    assert final.type_url == CLUSTER
    assert final.resources == {"new": "1"}
    assert final.version != clusters.version


def test_two_services_are_swapped_without_a_gap_in_delta():
    talk = started(delta())
    talk.set(service("new"))

    (clusters,) = talk.answers()
    assert clusters.resources == {"new": "1"}
    assert clusters.removed == ()

    talk.change(CLUSTER_LOAD_ASSIGNMENT, ["new"])
    endpoints, routes, clusters = talk.answers()
    assert endpoints.resources == {"new": "1"}
    assert routes.resources == {"route": "to-new"}
    assert (clusters.type_url, clusters.removed) == (CLUSTER, ("old",))
    talk.change(CLUSTER_LOAD_ASSIGNMENT, [], ["old"])
    assert talk.answers() == []
    assert talk.session.deadline is None


def test_a_final_set_of_clusters_has_the_version_of_its_content():
    talk = started(sotw())
    talk.set(service("new"))
    talk.ask(CLUSTER_LOAD_ASSIGNMENT, "new", "old")
    final = talk.answers()[-1]

    fresh = sotw()
    fresh.set(service("new"))
    fresh.ask(CLUSTER)
    assert fresh.answer().version == final.version


def test_without_a_change_of_routing_old_clusters_go_at_once():
    for talk in (started(sotw()), started(delta())):
        content = service("old")
        content[CLUSTER] = resources(CLUSTER, "other")
        talk.set(content)
        (answer,) = talk.answers()
        assert answer.resources == {"other": "1"}
        assert answer.removed == (() if talk.variant.value == "sotw" else ("old",))


def test_a_stream_without_routing_removes_at_once():
    for talk in (sotw(), delta()):
        talk.set(service("old"))
        subscribe(talk, CLUSTER)
        talk.answer()
        talk.set(service("new"))
        assert talk.answer().resources == {"new": "1"}


def test_routes_wait_for_endpoints_no_longer_than_the_time_limit():
    talk = started(sotw(hold=1.0))
    talk.set(service("new"))
    assert kinds(talk.answers()) == [CLUSTER]
    talk.now = 0.9
    assert talk.answers() == []
    assert talk.session.deadline == 1.0
    talk.now = 1.0
    assert kinds(talk.answers()) == [ROUTE_CONFIGURATION, CLUSTER]
    assert talk.session.deadline is None


def test_cluster_changes_in_a_row_do_not_make_routes_wait_for_longer():
    talk = started(sotw(hold=1.0))
    talk.set(service("new"))
    talk.answers()
    talk.now = 0.8
    talk.set(service("newer"))
    assert kinds(talk.answers()) == [CLUSTER]
    talk.now = 1.0
    assert kinds(talk.answers()) == [ROUTE_CONFIGURATION, CLUSTER]


def test_a_later_swap_has_its_own_time_limit():
    talk = started(sotw(hold=1.0))
    talk.set(service("new"))
    talk.ask(CLUSTER_LOAD_ASSIGNMENT, "new", "old")
    talk.answers()
    talk.now = 10.0
    talk.set(service("newer"))
    assert kinds(talk.answers()) == [CLUSTER]
    assert talk.session.deadline == 11.0


def test_routes_do_not_wait_for_endpoints_of_clusters_that_were_rejected():
    talk = started(sotw())
    talk.set(service("new"))
    nonce = talk.answer().nonce
    talk.ask(CLUSTER, nonce=nonce, error="no")
    assert kinds(talk.answers()) == [ROUTE_CONFIGURATION, CLUSTER]


def test_routes_do_not_wait_for_endpoints_that_do_not_exist():
    talk = started(sotw())
    content = service("new")
    content[CLUSTER_LOAD_ASSIGNMENT] = []
    talk.set(content)
    assert kinds(talk.answers()) == [CLUSTER, ROUTE_CONFIGURATION, CLUSTER]


def test_a_client_that_gets_its_endpoints_elsewhere_waits_once():
    talk = sotw(hold=1.0)
    talk.set(service("old"))
    talk.ask(CLUSTER)
    talk.ask(LISTENER)
    assert kinds(talk.answers()) == [CLUSTER]
    talk.now = 1.0
    assert kinds(talk.answers()) == [LISTENER]
    talk.set(service("new") | {LISTENER: [resource(LISTENER, "listener", "2")]})
    assert kinds(talk.answers()) == [CLUSTER, LISTENER, CLUSTER]


def test_a_client_that_asks_for_its_endpoints_after_all_waits_for_them_again():
    talk = sotw(hold=1.0)
    talk.set(service("old"))
    talk.ask(CLUSTER)
    talk.ask(LISTENER)
    talk.answers()
    talk.now = 1.0
    talk.answers()

    talk.ask(CLUSTER_LOAD_ASSIGNMENT, "old")
    talk.answers()
    talk.set(service("new") | {LISTENER: [resource(LISTENER, "listener", "2")]})

    assert kinds(talk.answers()) == [CLUSTER]
    talk.ask(CLUSTER_LOAD_ASSIGNMENT, "new")
    assert LISTENER in kinds(talk.answers())


def test_secrets_do_not_wait():
    talk = started(sotw())
    talk.ask(SECRET, "certificate")
    talk.set(service("new") | {SECRET: resources(SECRET, "certificate")})
    assert kinds(talk.answers()) == [CLUSTER, SECRET]


def test_what_changes_while_routes_wait_is_sent_in_its_latest_form():
    talk = started(delta())
    talk.set(service("new"))
    talk.answers()
    talk.set(service("newest"))
    assert talk.answer().resources == {"newest": "1"}
    talk.change(CLUSTER_LOAD_ASSIGNMENT, ["new", "newest"])
    answers = talk.answers()
    assert answers[0].resources == {"newest": "1"}
    routes = [answer for answer in answers if answer.type_url == ROUTE_CONFIGURATION]
    assert [answer.resources for answer in routes] == [{"route": "to-newest"}]
    (removal,) = (answer for answer in answers if answer.type_url == CLUSTER)
    assert set(removal.removed) == {"old", "new"}


def test_endpoints_reported_as_missing_are_still_waited_for_when_they_come_back():
    talk = started(delta())
    talk.set(service("new"))
    assert kinds(talk.answers()) == [CLUSTER]
    talk.set(service("third"))
    assert kinds(talk.answers()) == [CLUSTER]
    talk.change(CLUSTER_LOAD_ASSIGNMENT, ["new"])
    assert talk.answer().removed == ("new",)
    talk.change(CLUSTER_LOAD_ASSIGNMENT, [], ["new"])

    talk.set(service("new"))
    assert talk.answers() == [], "the client has the cluster, but not yet its endpoints"
    talk.change(CLUSTER_LOAD_ASSIGNMENT, ["new"])
    assert kinds(talk.answers())[:2] == [CLUSTER_LOAD_ASSIGNMENT, ROUTE_CONFIGURATION]
