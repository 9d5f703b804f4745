"""What VirtualServices and DestinationRules do to ordinary traffic, on one gateway."""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.http import Answer, HttpClient
from tests.support.mesh import NAMESPACE, Mesh
from tests.support.objects import (
    destination_rule,
    route_to,
    service,
    virtual_service,
    workload_entry,
)


def at(prefix: str, **match: object) -> dict[str, Any]:
    """The match of an HTTP route for paths that begin like this."""
    return {"match": [{"uri": {"prefix": prefix}, **match}]}


ROUTES: list[dict[str, Any]] = [
    {
        **at("/weights"),
        "route": [
            {"destination": {"host": "front"}, "weight": 80},
            {
                "destination": {"host": "back"},
                "weight": 20,
                "headers": {"response": {"set": {"x-part": "small"}}},
            },
        ],
    },
    route_to(
        "front",
        **at("/headers"),
        headers={
            "request": {"set": {"x-set": "new"}, "add": {"x-add": "more"}, "remove": ["x-secret"]},
            "response": {"set": {"x-host": "%UPSTREAM_HOST%"}, "remove": ["x-upstream"]},
        },
    ),
    route_to("front", **at("/old/"), rewrite={"uri": "/new/"}),
    route_to("front", **at("/strip"), rewrite={"uri": "/"}),
    route_to("front", **at("/host"), rewrite={"authority": "inner.example"}),
    {
        **at("/redirect"),
        "redirect": {"uri": "/elsewhere", "authority": "other.example", "redirectCode": 308},
    },
    {
        **at("/teapot"),
        "directResponse": {"status": 418, "body": {"string": "short and stout"}},
        "headers": {"response": {"set": {"x-kind": "teapot"}}},
    },
    route_to("hashed", **at("/hashed")),
    route_to("cookies", **at("/cookies")),
    route_to("front", **at("/subset", method={"exact": "POST"}), subset="red"),
    route_to("front", **at("/subset"), subset="blue"),
    route_to("flaky", **at("/retried"), retries={"attempts": 3, "retryOn": "503"}),
    route_to("flaky", **at("/once"), retries={"attempts": 0}),
    route_to("slow", **at("/slow"), timeout="50ms"),
    route_to("front", **at("/match", headers={"x-user": {"regex": "t.+r"}})),
    route_to("back", **at("/match", queryParams={"debug": {"exact": "1"}})),
    # Far more than the 100 instructions that Envoy allows by default.
    route_to("back", match=[{"uri": {"regex": f"/({'|'.join(f'item-{n}' for n in range(400))})"}}]),
    route_to("back", match=[{"uri": {"exact": "/any-case"}, "ignoreUriCase": True}]),
    route_to("no-such-service", **at("/missing")),
]


@pytest.fixture(scope="module")
def silent_port() -> Iterator[int]:
    """A port that takes connections and never says anything."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture(scope="module")
def client(shared_mesh: Mesh, silent_port: int) -> HttpClient:
    mesh = shared_mesh
    port = mesh.open_port()
    workloads = {
        mesh.http_upstream("front-red"): {"app": "front", "colour": "red"},
        mesh.http_upstream("front-blue"): {"app": "front", "colour": "blue"},
        mesh.http_upstream("back"): {"app": "back"},
        mesh.http_upstream("good"): {"app": "flaky"},
        mesh.http_upstream("bad", status=503): {"app": "flaky"},
    }
    workloads |= {mesh.http_upstream(f"hashed-{number}"): {"app": "hashed"} for number in range(4)}
    for upstream, labels in workloads.items():
        mesh.write_workload(upstream, labels)
    silent = workload_entry(
        "silent", NAMESPACE, labels={"app": "slow"}, ports={"http": silent_port}
    )
    mesh.config.write("silent.yaml", silent)
    services = {name: name for name in ("front", "back", "flaky", "slow", "hashed")}
    mesh.config.write(
        "services.yaml",
        *(
            service(name, NAMESPACE, selector={"app": app}, ports={"http": 80})
            for name, app in {**services, "cookies": "hashed"}.items()
        ),
    )
    by_header = {"consistentHash": {"httpHeaderName": "x-user"}}
    by_cookie = {"consistentHash": {"httpCookie": {"name": "place", "ttl": "60s"}, "maglev": {}}}
    colours = [{"name": name, "labels": {"colour": name}} for name in ("red", "blue")]
    mesh.config.write(
        "rules.yaml",
        destination_rule("front", NAMESPACE, subsets=colours),
        destination_rule("flaky", NAMESPACE, load_balancer={"simple": "ROUND_ROBIN"}),
        destination_rule("hashed", NAMESPACE, load_balancer=by_header),
        destination_rule("cookies", NAMESPACE, load_balancer=by_cookie),
    )
    mesh.config.write("routes.yaml", virtual_service("routes", NAMESPACE, ROUTES))
    mesh.start_envoy().wait_for_listener(port)
    return mesh.http_client(port)


def ask(client: HttpClient, path: str, count: int = 20, **headers: str) -> list[Answer]:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return [client.send(path, headers=sent) for _ in range(count)]


def upstreams(answers: list[Answer]) -> set[str]:
    assert all(answer.ok for answer in answers), answers
    return {answer.upstream for answer in answers}


def test_requests_are_shared_out_by_weight(client: HttpClient) -> None:
    answers = ask(client, "/weights", count=200)
    served = Counter(answer.upstream == "back" for answer in answers if answer.ok)
    assert served.total() == 200
    assert 0 < served[True] < served[False]
    # Headers of one of the destinations are those of its answers alone.
    assert {"x-part" in answer.headers for answer in answers if answer.upstream == "back"} == {True}
    assert not any("x-part" in answer.headers for answer in answers if answer.upstream != "back")


def test_headers_are_set_added_and_removed(client: HttpClient) -> None:
    headers = {"x-set": "old", "x-add": "some", "x-secret": "1"}
    answer = client.send("/headers", headers=headers)
    asked = answer.json()["headers"]
    assert asked["x-set"] == "new"
    assert asked["x-add"] == "some,more"
    assert "x-secret" not in asked
    assert answer.headers["x-host"].startswith("127.0.0.1:")
    assert "x-upstream" not in answer.headers


def test_a_matched_prefix_is_rewritten(client: HttpClient) -> None:
    for path, expected in [
        ("/old/a?b=c", "/new/a?b=c"),
        ("/strip/a/b", "/a/b"),
        ("/strip", "/"),
        ("/strip?b=c", "/?b=c"),
    ]:
        assert client.send(path).json()["path"] == expected


def test_the_authority_is_rewritten(client: HttpClient) -> None:
    assert client.send("/host").json()["headers"]["host"] == "inner.example"


def test_a_redirect_is_answered_by_the_gateway(client: HttpClient) -> None:
    answer = client.send("/redirect/me")
    assert (answer.status, answer.upstream) == (308, "")
    assert answer.headers["location"] == "http://other.example/elsewhere"


def test_a_direct_response_is_answered_by_the_gateway(client: HttpClient) -> None:
    answer = client.send("/teapot")
    assert (answer.status, answer.body) == (418, b"short and stout")
    assert answer.headers["x-kind"] == "teapot"


def test_a_hashed_header_leads_to_the_same_endpoint_every_time(client: HttpClient) -> None:
    places = {user: upstreams(ask(client, "/hashed", x_user=user)) for user in "abcdefghijklmnop"}
    assert all(len(place) == 1 for place in places.values())
    assert len(set().union(*places.values())) > 1


def test_a_hashed_cookie_is_set_and_leads_back(client: HttpClient) -> None:
    first = client.send("/cookies")
    cookie = first.headers["set-cookie"].partition(";")[0]
    assert cookie.startswith("place=")
    assert upstreams(ask(client, "/cookies", cookie=cookie)) == {first.upstream}
    others = (upstreams(ask(client, "/cookies", count=1, cookie=f"place={n}")) for n in range(20))
    assert len(set().union(*others)) > 1


def test_a_named_subset_has_the_endpoints_with_its_labels_alone(client: HttpClient) -> None:
    assert upstreams(ask(client, "/subset")) == {"front-blue"}
    answers = [client.send("/subset", method="POST") for _ in range(20)]
    assert upstreams(answers) == {"front-red"}


def test_a_failed_request_is_retried_at_another_endpoint(client: HttpClient) -> None:
    assert upstreams(ask(client, "/retried")) == {"good"}
    assert {answer.status for answer in ask(client, "/once")} == {200, 503}


def test_a_request_that_takes_too_long_is_given_up(client: HttpClient) -> None:
    answer = client.send("/slow")
    assert (answer.status, answer.body) == (504, b"upstream request timeout")


def test_routes_match_by_header_query_and_path_without_case(client: HttpClient) -> None:
    assert upstreams(ask(client, "/match", x_user="tester")) == {"front-red", "front-blue"}
    assert upstreams(ask(client, "/match?debug=1")) == {"back"}
    assert client.send("/match", headers={"x-user": "a tester"}).status == 404
    assert client.send("/match?debug=2").status == 404
    assert upstreams(ask(client, "/Any-CASE")) == {"back"}


def test_a_large_regular_expression_is_taken(client: HttpClient) -> None:
    assert client.send("/item-399").upstream == client.send("/any-case").upstream


def test_a_service_that_does_not_exist_is_unavailable_and_said_so(
    shared_mesh: Mesh, client: HttpClient
) -> None:
    assert client.send("/missing").status == 503
    [problem] = shared_mesh.control_plane.logs("problem", code="unknown-host")
    assert "no-such-service" in problem["message"]
    assert problem["path"] == "spec.http[18].route[0].destination.host"
