"""Routes never lead to a cluster that Envoy has not got: it comes before them, and goes after."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.envoy import EnvoyProcess
from tests.support.load import Load
from tests.support.mesh import NAMESPACE, Mesh
from tests.support.objects import (
    destination_rule,
    dynamic_subset,
    route_to,
    service,
    virtual_service,
)
from tests.support.waiting import eventually

LABELS = {"app": "runtime"}
ROUNDS = 8


def service_and_rule(name: str) -> list[dict[str, Any]]:
    return [
        service(name, NAMESPACE, selector=LABELS, ports={"http": 80}),
        destination_rule(name, NAMESPACE, load_balancer=dynamic_subset("model")),
    ]


def routes_to(name: str) -> dict[str, Any]:
    headers = {"response": {"set": {"x-service": name}}}
    return virtual_service("routes", NAMESPACE, [route_to(name, headers=headers)])


@pytest.fixture
def port(mesh: Mesh, variant: str) -> int:
    mesh.write_workload(mesh.http_upstream("runtime"), LABELS)
    return mesh.open_port()


def start(mesh: Mesh, port: int) -> tuple[EnvoyProcess, Load]:
    envoy = mesh.start_envoy()
    envoy.wait_for_listener(port)
    client = mesh.http_client(port)
    return envoy, Load(lambda: client.send("/"), rate=300)


def wait_for(load: Load, name: str) -> None:
    eventually(lambda: load.answers[-1].headers.get("x-service") == name, what=f"{name} serves")


def assert_no_request_missed_a_cluster(envoy: EnvoyProcess, load: Load) -> None:
    assert load.failures == []
    assert envoy.stats("http.*no_cluster$")
    assert set(envoy.stats("http.*no_cluster$").values()) == {0}


def test_routes_and_services_swapped_in_one_change(mesh: Mesh, port: int) -> None:
    def swap_to(name: str) -> None:
        """Leave this service alone, and routes that lead to it."""
        mesh.config.write("all.yaml", routes_to(name), *service_and_rule(name))

    swap_to("first")
    envoy, load = start(mesh, port)
    with load:
        load.wait_for_more(10)
        for name in ("second", "first") * ROUNDS:
            swap_to(name)
            wait_for(load, name)

    assert_no_request_missed_a_cluster(envoy, load)


def test_services_that_come_and_go_in_files_of_their_own(mesh: Mesh, port: int) -> None:
    mesh.config.write("first.yaml", *service_and_rule("first"))
    mesh.config.write("routes.yaml", routes_to("first"))
    envoy, load = start(mesh, port)
    with load:
        load.wait_for_more(10)
        for old, new in [("first", "second"), ("second", "first")] * 2:
            mesh.config.write(f"{new}.yaml", *service_and_rule(new))
            mesh.config.write("routes.yaml", routes_to(new))
            mesh.config.remove(f"{old}.yaml")
            wait_for(load, new)
            envoy.wait_until(
                lambda envoy: not any(old in cluster for cluster in envoy.clusters),  # noqa: B023
                what=f"{old} is gone",
            )

    assert_no_request_missed_a_cluster(envoy, load)


def test_a_rule_that_changes_the_cluster_in_use(mesh: Mesh, port: int) -> None:
    def balance(policy: str) -> None:
        rule = destination_rule("first", NAMESPACE, load_balancer={"simple": policy})
        mesh.config.write("rule.yaml", rule)

    mesh.config.write("first.yaml", service_and_rule("first")[0], routes_to("first"))
    balance("ROUND_ROBIN")
    envoy, load = start(mesh, port)
    [cluster] = (name for name in envoy.clusters if "first" in name)
    with load:
        for policy in ("RANDOM", "ROUND_ROBIN") * 4:
            balance(policy)
            expected = policy if policy != "ROUND_ROBIN" else None  # Envoy leaves its default out.
            envoy.wait_until(
                lambda envoy: envoy.clusters[cluster].get("lb_policy") == expected,  # noqa: B023
                what=f"{policy} is in force",
            )
            load.wait_for_more(10)

    assert_no_request_missed_a_cluster(envoy, load)
