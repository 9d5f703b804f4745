from straightway.discovery import CLUSTER, CLUSTER_LOAD_ASSIGNMENT, LISTENER
from tests.support.conversation import Conversation, delta, resource, resources, sotw


def serve_clusters(talk: Conversation, *texts: str) -> None:
    content = [
        resource(CLUSTER, each.name, each.version, eds_service_name=f"{each.name}-endpoints")
        for each in resources(CLUSTER, *texts)
    ]
    assignments = resources(CLUSTER_LOAD_ASSIGNMENT, "a-endpoints", "b-endpoints")
    talk.set({CLUSTER: content, CLUSTER_LOAD_ASSIGNMENT: assignments})


def test_a_changed_cluster_gets_its_endpoints_again_though_they_are_the_same():
    talk = sotw()
    serve_clusters(talk, "a", "b")
    talk.ask(CLUSTER)
    talk.ask(CLUSTER_LOAD_ASSIGNMENT, "a-endpoints", "b-endpoints")
    talk.answers()

    serve_clusters(talk, "a@2", "b")
    clusters, endpoints = talk.answers()
    assert clusters.resources == {"a": "2", "b": "1"}
    assert endpoints.resources == {"a-endpoints": "1"}, "b did not change, so it does not warm"
    assert talk.answers() == []


def test_a_changed_cluster_gets_its_endpoints_again_in_delta():
    talk = delta()
    serve_clusters(talk, "a", "b")
    talk.change(CLUSTER)
    talk.change(CLUSTER_LOAD_ASSIGNMENT, ["a-endpoints", "b-endpoints"])
    talk.answers()

    serve_clusters(talk, "a@2", "b")
    assert [answer.resources for answer in talk.answers()] == [{"a": "2"}, {"a-endpoints": "1"}]


def test_a_cluster_asked_for_again_gets_its_endpoints_again():
    talk = delta()
    serve_clusters(talk, "a")
    talk.change(CLUSTER, ["a"])
    talk.change(CLUSTER_LOAD_ASSIGNMENT, ["a-endpoints"])
    talk.answers()
    talk.change(CLUSTER, ["a"])
    assert [answer.resources for answer in talk.answers()] == [{"a": "1"}, {"a-endpoints": "1"}]


def test_endpoints_that_nobody_asked_for_are_not_sent():
    talk = delta()
    serve_clusters(talk, "a")
    talk.change(CLUSTER)
    talk.change(CLUSTER_LOAD_ASSIGNMENT, ["b-endpoints"])
    assert [answer.resources for answer in talk.answers()] == [{"a": "1"}, {"b-endpoints": "1"}]


def test_changed_endpoints_of_a_changed_cluster_are_sent_once():
    talk = sotw()
    serve_clusters(talk, "a")
    talk.ask(CLUSTER)
    talk.ask(CLUSTER_LOAD_ASSIGNMENT, "a-endpoints")
    talk.answers()
    talk.set(
        {
            CLUSTER: [resource(CLUSTER, "a", "2", eds_service_name="a-endpoints")],
            CLUSTER_LOAD_ASSIGNMENT: [resource(CLUSTER_LOAD_ASSIGNMENT, "a-endpoints", "2")],
        }
    )
    assert [answer.resources for answer in talk.answers()] == [{"a": "2"}, {"a-endpoints": "2"}]


def test_a_removed_cluster_warms_nothing():
    talk = sotw()
    serve_clusters(talk, "a", "b")
    talk.ask(CLUSTER)
    talk.ask(CLUSTER_LOAD_ASSIGNMENT, "a-endpoints", "b-endpoints")
    talk.answers()
    serve_clusters(talk, "a")
    assert [answer.resources for answer in talk.answers()] == [{"a": "1"}]


def test_endpoints_that_do_not_exist_are_reported_once_however_often_the_client_answers():
    talk = delta()
    talk.set({CLUSTER: [resource(CLUSTER, "a", eds_service_name="a")]})
    talk.change(CLUSTER)
    talk.answer()
    talk.change(CLUSTER_LOAD_ASSIGNMENT, ["a"])
    answer = talk.answer()
    assert answer.removed == ("a",)
    talk.change(CLUSTER_LOAD_ASSIGNMENT, nonce=answer.nonce)
    assert talk.answers() == []


def test_old_clusters_in_a_complete_set_warm_nothing():
    talk = sotw()
    talk.ask(CLUSTER)
    talk.ask(CLUSTER_LOAD_ASSIGNMENT, "a-endpoints", "b-endpoints")
    talk.ask(LISTENER)
    serve_clusters(talk, "a", "b")
    talk.answers()
    talk.set(
        {
            CLUSTER: [resource(CLUSTER, "b", "2", eds_service_name="b-endpoints")],
            CLUSTER_LOAD_ASSIGNMENT: resources(
                CLUSTER_LOAD_ASSIGNMENT, "a-endpoints", "b-endpoints"
            ),
            LISTENER: resources(LISTENER, "l"),
        }
    )
    clusters, endpoints, listeners, final = talk.answers()
    assert clusters.resources == {"a": "1", "b": "2"}
    assert endpoints.resources == {"b-endpoints": "1"}
    assert listeners.resources == {"l": "1"}
    assert final.resources == {"b": "2"}
