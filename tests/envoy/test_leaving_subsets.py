"""Requests whose subset cannot answer them find an endpoint that can, and nothing runs twice."""

from __future__ import annotations

import itertools
import socket
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing
from typing import Any

import pytest

from tests.support.counting_runtime import CountingRuntime
from tests.support.http import Answer
from tests.support.mesh import NAMESPACE, Mesh
from tests.support.objects import (
    destination_rule,
    dynamic_subset,
    route_to,
    service,
    virtual_service,
    workload_entry,
)
from tests.support.ports import free_port
from tests.support.waiting import eventually

KEYS = [{"header": "x-model", "key": "model"}]
ATTEMPTS = 8
# Who is believed to hold a model, and who does; each has a pool of its own.
MODELS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "right": (("a",), ("a",)),
    "moved": (("a",), ("d",)),
    "half": (("a", "b"), ("b",)),
    "dead": (("dead",), ("c",)),
    "hung": (("hung",), ("c",)),
    "silent": (("silent",), ("c",)),
    "nowhere": (("a",), ()),
    "unheld": ((), ("c",)),
    "cut": (("a",), ("b",)),
    "failing": (("a",), ("a",)),
}
ALIVE = ("a", "b", "c", "d")
# Variants of the rule and of the route.
RULES: dict[str, dict[str, Any]] = {
    "default": {},
    "strict": {"policy": "NO_FALLBACK"},
    "off": {"retries": {"attempts": 0}},
    "also": {"retries": {"also": "reset,500", "perTryTimeout": "500ms"}},
}
ROUTES: dict[str, dict[str, Any]] = {
    "": {},
    "own": {"retries": {"attempts": 3, "retryOn": "connect-failure"}},
    "never": {"retries": {"attempts": 0}},
    "short": {"timeout": "300ms"},
    "keyless": {"headerToDynamicSubsetKey": []},
}


class Pools:
    """All pools, behind one gateway."""

    def __init__(
        self, mesh: Mesh, runtimes: dict[str, CountingRuntime], others: Mapping[str, int]
    ) -> None:
        self.runtimes = runtimes
        self._numbers = itertools.count(1)
        ports = {name: each.port for name, each in runtimes.items()}
        ports |= others
        routes = []
        for model, (believed, held) in MODELS.items():
            for name in held:
                runtimes[name].models.add(model)
            for member in dict.fromkeys((*ALIVE, *believed)):
                labels = {"app": model} | ({"model": model} if member in believed else {})
                entry = workload_entry(
                    f"{model}-{member}", NAMESPACE, labels=labels, ports={"http": ports[member]}
                )
                mesh.config.write(f"{model}-{member}.yaml", entry)
            for rule in RULES:
                routes += self._write_service(mesh, model, rule)
        mesh.config.write("routes.yaml", virtual_service("routes", NAMESPACE, routes))
        port = mesh.open_port()
        self.envoy = mesh.start_envoy()
        self.envoy.wait_for_listener(port)
        self._client = mesh.http_client(port)

    @staticmethod
    def _write_service(mesh: Mesh, model: str, rule: str) -> list[dict[str, Any]]:
        host = f"{model}-{rule}"
        balancer = dynamic_subset("model", **{"policy": "ANY_ENDPOINT", **RULES[rule]})
        mesh.config.write(
            f"service-{host}.yaml",
            service(host, NAMESPACE, selector={"app": model}, ports={"http": 80}),
            destination_rule(host, NAMESPACE, load_balancer=balancer),
        )
        return [
            route_to(
                host,
                match=[{"uri": {"prefix": f"/{host}/{kind}/" if kind else f"/{host}/"}}],
                **{"headerToDynamicSubsetKey": KEYS, **fields},
            )
            for kind, fields in reversed(ROUTES.items())
        ]

    def ask(self, model: str, rule: str = "default", route: str = "") -> Answer:
        """Send a request for a model with a body, as each is sent once."""
        path = f"/{model}-{rule}/{route}/" if route else f"/{model}-{rule}/"
        headers = {"x-model": model, "x-request-number": str(next(self._numbers))}
        return self._client.send(path, method="POST", headers=headers, body=b"x" * 10_000)

    def ask_without_key(self, model: str) -> Answer:
        return self._client.send(f"/{model}-default/", method="POST", body=b"x")

    def asked(self, model: str) -> int:
        """How many requests for a model the runtimes have seen."""
        return sum(each.asked[model] for each in self.runtimes.values())

    def worked_on(self) -> set[int]:
        """How often runtimes began to work on a request that they began to work on."""
        together = sum((each.worked_on for each in self.runtimes.values()), Counter[str]())
        return set(together.values())


@pytest.fixture(scope="module")
def hung() -> Iterator[int]:
    """The port of a runtime to which no connection comes about: its queue is full."""
    with ExitStack() as stack:
        server = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(server.getsockname())
        yield int(server.getsockname()[1])


@pytest.fixture(scope="module")
def silent() -> Iterator[int]:
    """The port of a runtime that takes requests and answers nothing."""
    with closing(socket.create_server(("127.0.0.1", 0), backlog=64)) as server:
        yield int(server.getsockname()[1])


@pytest.fixture(scope="module")
def pools(shared_mesh: Mesh, hung: int, silent: int) -> Iterator[Pools]:
    with ExitStack() as stack:
        runtimes = {name: stack.enter_context(closing(CountingRuntime(name))) for name in ALIVE}
        runtimes["a"].breaks.add("cut")
        runtimes["a"].statuses["failing"] = 500
        others = {"dead": free_port(), "hung": hung, "silent": silent}
        yield Pools(shared_mesh, runtimes, others)


@pytest.mark.parametrize("model", ["right", "moved", "half", "dead", "hung", "unheld"])
def test_a_request_finds_its_model_whatever_is_wrong_with_the_believed_holder(
    pools: Pools, model: str
) -> None:
    _, [holder] = MODELS[model]
    answers = [pools.ask(model) for _ in range(12)]
    assert {(answer.status, answer.upstream, len(answer.body)) for answer in answers} == {
        (200, holder, 10_000)
    }
    assert pools.worked_on() == {1}


def test_a_request_whose_holder_is_right_is_sent_once(pools: Pools) -> None:
    before = pools.asked("right")
    for _ in range(5):
        pools.ask("right")
    assert pools.asked("right") - before == 5


def test_another_holder_is_asked_before_a_request_leaves_its_subset(pools: Pools) -> None:
    left = "cluster.outbound|80|~any|half-default.*upstream_rq_total".replace("|", "[|]")
    before = sum(pools.envoy.stats(left).values())
    for _ in range(12):
        assert pools.ask("half").upstream == "b"
    assert sum(pools.envoy.stats(left).values()) == before


def test_a_model_that_nobody_has_is_answered_by_a_runtime_after_all_tries(pools: Pools) -> None:
    before = pools.asked("nowhere")
    answer = pools.ask("nowhere")
    assert (answer.status, answer.upstream in ALIVE) == (404, True)
    assert pools.asked("nowhere") - before == ATTEMPTS


def test_an_answer_of_404_to_a_request_without_a_key_stands(pools: Pools) -> None:
    before = pools.asked("")
    assert pools.ask_without_key("moved").status == 404
    assert pools.asked("") - before == 1


def test_a_request_that_a_runtime_began_to_work_on_is_not_repeated(pools: Pools) -> None:
    before = pools.asked("cut")
    assert pools.ask("cut").status == 503
    assert pools.asked("cut") - before == 1


def test_nor_is_one_that_was_answered_with_an_error(pools: Pools) -> None:
    before = pools.asked("failing")
    answer = pools.ask("failing")
    assert (answer.status, answer.upstream) == (500, "a")
    assert pools.asked("failing") - before == 1


def test_what_else_may_be_repeated_is_the_rules_to_say(pools: Pools) -> None:
    answer = pools.ask("cut", "also")
    assert (answer.status, answer.upstream) == (200, "b")
    before = pools.asked("failing")
    assert pools.ask("failing", "also").status in (404, 500)
    assert pools.asked("failing") - before == ATTEMPTS


def test_a_holder_that_stays_silent_may_be_at_work_on_a_request(pools: Pools) -> None:
    before = pools.asked("silent")
    assert pools.ask("silent", route="short").status == 504
    assert pools.asked("silent") == before


def test_the_rule_can_limit_how_long_it_is_waited_for(pools: Pools) -> None:
    answer = pools.ask("silent", "also")
    assert (answer.status, answer.upstream) == (200, "c")


@pytest.mark.parametrize("model", ["moved", "dead"])
def test_nothing_leaves_its_subset_without_the_policy(pools: Pools, model: str) -> None:
    others = set(ALIVE) - {"a"}
    before = {name: pools.runtimes[name].asked[model] for name in others}
    assert pools.ask(model, "strict").status in (404, 503)
    assert {name: pools.runtimes[name].asked[model] for name in others} == before


@pytest.mark.parametrize("model", ["moved", "dead"])
def test_the_rule_can_keep_requests_in_their_subset(pools: Pools, model: str) -> None:
    before = pools.asked(model)
    assert pools.ask(model, "off").status == (404 if model == "moved" else 503)
    assert pools.asked(model) - before == (1 if model == "moved" else 0)


def test_a_routes_own_retries_mean_what_they_say(pools: Pools) -> None:
    before = pools.asked("moved")
    assert pools.ask("moved", route="own").status == 404
    assert pools.ask("moved", route="never").status == 404
    assert pools.asked("moved") - before == 2
    # Its later tries are outside of the subset.
    before = pools.asked("dead")
    assert pools.ask("dead", route="own").upstream in ALIVE
    assert pools.asked("dead") - before == 1


def test_a_route_without_keys_retries_as_any_other(pools: Pools) -> None:
    before = pools.asked("nowhere")
    assert pools.ask("nowhere", route="keyless").status == 404
    assert pools.asked("nowhere") - before == 1


def test_a_holder_that_is_ejected_costs_no_more_tries(pools: Pools) -> None:
    ejected = "cluster.outbound.80..dead-default.*outlier_detection.ejections_active"

    def is_ejected() -> bool:
        assert pools.ask("dead").upstream == "c"
        return any(pools.envoy.stats(ejected).values())

    eventually(is_ejected, what="the dead holder to be ejected")
    assert pools.ask("dead").upstream == "c"
