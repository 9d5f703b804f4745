"""A cluster takes on the form in which requests leave their subset, and loses it, under load."""

from __future__ import annotations

import pytest

from tests.support.load import Load
from tests.support.mesh import NAMESPACE, Mesh
from tests.support.objects import (
    destination_rule,
    dynamic_subset,
    route_to,
    service,
    virtual_service,
)

pytestmark = pytest.mark.long

CLUSTER = "outbound|80||runtimes.default.svc.cluster.local"
COMPOSITE = "outbound|80|~composite|runtimes.default.svc.cluster.local"
ANY = "outbound|80|~any|runtimes.default.svc.cluster.local"
LABELS = {"app": "runtime"}
ROUNDS = 5


def write_rule(mesh: Mesh, attempts: int) -> None:
    balancer = dynamic_subset("model", policy="ANY_ENDPOINT", retries={"attempts": attempts})
    mesh.config.write("rule.yaml", destination_rule("runtimes", NAMESPACE, load_balancer=balancer))


@pytest.fixture
def port(mesh: Mesh, variant: str) -> int:
    mesh.write_workload(mesh.http_upstream("holder"), {**LABELS, "model": "mnist"})
    mesh.write_workload(mesh.http_upstream("other"), LABELS)
    keys = [{"header": "x-model", "key": "model"}]
    mesh.config.write(
        "runtimes-service.yaml",
        service("runtimes", NAMESPACE, selector=LABELS, ports={"http": 80}),
        virtual_service(
            "runtimes", NAMESPACE, [route_to("runtimes", headerToDynamicSubsetKey=keys)]
        ),
    )
    return mesh.open_port()


def test_the_form_changes_without_a_failed_request(mesh: Mesh, port: int) -> None:
    write_rule(mesh, 0)
    envoy = mesh.start_envoy()
    envoy.wait_for_listener(port)
    client = mesh.http_client(port)
    with Load(lambda: client.send(headers={"x-model": "mnist"}), rate=500) as load:
        load.wait_for_more(50)
        for attempts in (5, 0) * ROUNDS:
            write_rule(mesh, attempts)
            expected = {CLUSTER, ANY, COMPOSITE} if attempts else {CLUSTER}
            envoy.wait_until(
                lambda envoy: {name for name in envoy.clusters if "runtimes" in name} == expected,  # noqa: B023
                what=f"{len(expected)} clusters",
            )
            load.wait_for_more(20)

    assert load.failures == []
    assert set(load.upstreams) == {"holder"}
    # One assignment serves both clusters that have endpoints.
    assert len(envoy.endpoints(CLUSTER)) == 2
