"""Where requests go that ask for a subset with no endpoint, or for no subset at all."""

from __future__ import annotations

import pytest

from tests.support.http import Answer, HttpClient
from tests.support.mesh import NAMESPACE, Mesh
from tests.support.objects import (
    destination_rule,
    dynamic_subset,
    route_to,
    service,
    virtual_service,
)

RUNTIMES = {
    "a": {"model": "mnist", "tier": "gold"},
    "b": {"model": "bert", "tier": "silver"},
    "c": {},
}
EVERYBODY = set(RUNTIMES)
# Every service has the same three runtimes; what differs is its DestinationRule.
ONE_KEY = {
    "any": dynamic_subset("model", policy="ANY_ENDPOINT"),
    "none": dynamic_subset("model", policy="NO_FALLBACK"),
    "unsaid": dynamic_subset("model"),
    "default": dynamic_subset("model", policy="DEFAULT_SUBSET", default="bert"),
    "top-none": dynamic_subset("model", policy="ANY_ENDPOINT", top="NO_FALLBACK"),
    "top-default": dynamic_subset("model", top="DEFAULT_SUBSET", default="bert"),
}
TWO_KEYS = {
    "pair": dynamic_subset("model", "tier"),
    "strict-pair": dynamic_subset("model", "tier", top="NO_FALLBACK"),
    "pair-or-one": {
        "dynamicSubset": {"subsetSelectors": [{"keys": ["model", "tier"]}, {"keys": ["model"]}]}
    },
}
SERVICES = ONE_KEY | TWO_KEYS
KEYS = [{"header": "x-model", "key": "model"}, {"header": "x-tier", "key": "tier"}]


@pytest.fixture(scope="module")
def client(shared_mesh: Mesh) -> HttpClient:
    """A client of a gateway that finds the service in the first part of the path."""
    mesh = shared_mesh
    port = mesh.open_port()
    for name, labels in RUNTIMES.items():
        mesh.write_workload(mesh.http_upstream(name), {"app": "runtime", **labels})
    for name, load_balancer in SERVICES.items():
        mesh.config.write(
            f"service-{name}.yaml",
            service(name, NAMESPACE, selector={"app": "runtime"}, ports={"http": 80}),
            # In turns, so that few requests see everybody.
            destination_rule(
                name, NAMESPACE, load_balancer={"simple": "ROUND_ROBIN", **load_balancer}
            ),
        )
    routes = [
        route_to(
            name,
            match=[{"uri": {"prefix": f"/{name}/"}}],
            # A route may only map the keys that its destination has.
            headerToDynamicSubsetKey=KEYS if name in TWO_KEYS else KEYS[:1],
        )
        for name in SERVICES
    ]
    mesh.config.write("routes.yaml", virtual_service("routes", NAMESPACE, routes))
    mesh.start_envoy().wait_for_listener(port)
    return mesh.http_client(port)


def ask(client: HttpClient, service: str, **headers: str) -> list[Answer]:
    """Send a dozen equal requests."""
    sent = {f"x-{name}": value for name, value in headers.items()}
    return [client.send(f"/{service}/", headers=sent) for _ in range(12)]


def served_by(client: HttpClient, service: str, **headers: str) -> set[str]:
    answers = ask(client, service, **headers)
    assert {answer.status for answer in answers} == {200}, answers[0]
    return {answer.upstream for answer in answers}


def assert_no_endpoint(client: HttpClient, service: str, **headers: str) -> None:
    answers = ask(client, service, **headers)
    assert {(answer.status, answer.body) for answer in answers} == {(503, b"no healthy upstream")}


@pytest.mark.parametrize("service", ONE_KEY)
def test_a_model_that_is_held_is_served_by_its_holder_whatever_the_policy(
    client: HttpClient, service: str
) -> None:
    assert served_by(client, service, model="mnist") == {"a"}
    assert served_by(client, service, model="bert") == {"b"}


def test_with_any_endpoint_everybody_serves_a_model_that_nobody_holds(client: HttpClient) -> None:
    assert served_by(client, "any", model="unheld") == EVERYBODY


@pytest.mark.parametrize("service", ["none", "unsaid"])
def test_without_fallback_nobody_serves_a_model_that_nobody_holds(
    client: HttpClient, service: str
) -> None:
    assert_no_endpoint(client, service, model="unheld")


def test_the_default_subset_serves_a_model_that_nobody_holds(client: HttpClient) -> None:
    assert served_by(client, "default", model="unheld") == {"b"}


@pytest.mark.parametrize("service", ["any", "none", "unsaid", "default", "pair"])
def test_everybody_serves_a_request_without_the_header(client: HttpClient, service: str) -> None:
    assert served_by(client, service) == EVERYBODY


def test_an_empty_header_is_as_good_as_none(client: HttpClient) -> None:
    assert served_by(client, "unsaid", model="") == EVERYBODY


@pytest.mark.parametrize("service", ["top-none", "strict-pair"])
def test_the_top_level_policy_can_refuse_a_request_without_the_header(
    client: HttpClient, service: str
) -> None:
    assert_no_endpoint(client, service)


def test_the_top_level_policy_can_send_a_request_without_the_header_to_the_default_subset(
    client: HttpClient,
) -> None:
    assert served_by(client, "top-default") == {"b"}


def test_a_selector_keeps_its_own_policy_beside_that_of_the_top_level(client: HttpClient) -> None:
    assert served_by(client, "top-none", model="unheld") == EVERYBODY
    assert_no_endpoint(client, "top-default", model="unheld")


def test_two_keys_must_both_match(client: HttpClient) -> None:
    assert served_by(client, "pair", model="mnist", tier="gold") == {"a"}
    assert_no_endpoint(client, "pair", model="mnist", tier="silver")


@pytest.mark.parametrize("header", [{"model": "mnist"}, {"tier": "gold"}, {"model": "unheld"}])
def test_keys_that_are_partly_present_ask_for_no_subset(
    client: HttpClient, header: dict[str, str]
) -> None:
    assert served_by(client, "pair", **header) == EVERYBODY
    assert_no_endpoint(client, "strict-pair", **header)


def test_a_selector_of_fewer_keys_serves_keys_that_are_partly_present(client: HttpClient) -> None:
    assert served_by(client, "pair-or-one", model="mnist", tier="gold") == {"a"}
    assert served_by(client, "pair-or-one", model="mnist") == {"a"}
    assert_no_endpoint(client, "pair-or-one", model="unheld")
    assert_no_endpoint(client, "pair-or-one", model="mnist", tier="silver")
    assert served_by(client, "pair-or-one", tier="gold") == EVERYBODY
