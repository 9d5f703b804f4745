"""The control plane dies and comes back: no request notices, and Envoy is told only what is new."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.envoy import EnvoyProcess
from tests.support.http import HttpClient
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

CLUSTER = "outbound|80||runtimes.default.svc.cluster.local"
LABELS = {"app": "runtime"}
# Seconds. Envoy tries again after random pauses that double with each failure, up to 30 s.
RECONNECTING = 60
# What Envoy counts whenever it takes something new.
UPDATES = "(cluster_(added|modified|removed)|listener_(added|modified|removed)|config_reload)$"


@pytest.fixture
def envoy(mesh: Mesh) -> EnvoyProcess:
    """A gateway in front of one runtime, `first`, with several more clusters and routes."""
    port = mesh.open_port()
    mesh.write_workload(mesh.http_upstream("first"), LABELS)
    names = ["runtimes", "more", "even-more"]
    for name in names:
        mesh.config.write(
            f"service-{name}.yaml",
            service(name, NAMESPACE, selector=LABELS, ports={"http": 80}),
            destination_rule(name, NAMESPACE, load_balancer=dynamic_subset("model")),
        )
    routes = [route_to(name, match=[{"uri": {"prefix": f"/{name}"}}]) for name in names]
    mesh.config.write("routes.yaml", virtual_service("routes", NAMESPACE, routes))
    envoy = mesh.start_envoy()
    envoy.wait_for_listener(port)
    return envoy


@pytest.fixture
def client(mesh: Mesh, envoy: EnvoyProcess) -> HttpClient:
    [port] = envoy.listening_ports
    return mesh.http_client(port)


def pushes(mesh: Mesh) -> list[dict[str, Any]]:
    return mesh.control_plane.logs("pushed")


def kill(mesh: Mesh, envoy: EnvoyProcess) -> None:
    """Kill the control plane, and wait until Envoy knows."""
    mesh.control_plane.kill()
    envoy.wait_until(
        lambda envoy: envoy.stat("control_plane.connected_state") == 0, what="Envoy is alone"
    )


def come_back(mesh: Mesh, envoy: EnvoyProcess) -> None:
    """Start the control plane, and wait until Envoy has found it."""
    mesh.control_plane.start()
    envoy.wait_until(
        lambda envoy: envoy.stat("control_plane.connected_state") == 1,
        what="Envoy is back",
        seconds=RECONNECTING,
    )


@pytest.mark.long
def test_no_request_fails_while_the_control_plane_is_gone_and_comes_back(
    variant: str, mesh: Mesh, envoy: EnvoyProcess, client: HttpClient
) -> None:
    [first] = envoy.endpoints(CLUSTER)
    taken = envoy.stats(UPDATES)
    second = mesh.http_upstream("second")

    with Load(lambda: client.send("/runtimes"), rate=200) as load:
        for _ in range(2):
            kill(mesh, envoy)
            load.wait_for_more()
            come_back(mesh, envoy)
            load.wait_for_more()
        # It listens to the new one. What it has from the old one, it has not taken anew.
        mesh.write_workload(second, LABELS)
        envoy.wait_for_endpoints(CLUSTER, first, second.port)
        eventually(lambda: load.upstreams["second"] > 10, what="the new workload serves")

    assert load.failures == []
    assert taken
    assert envoy.stats(UPDATES) == taken


def test_a_control_plane_that_is_stopped_ends_in_good_order(
    variant: str, mesh: Mesh, envoy: EnvoyProcess, client: HttpClient
) -> None:
    with Load(lambda: client.send("/runtimes"), rate=100) as load:
        assert mesh.control_plane.stop() == 0
        load.wait_for_more()

    assert load.failures == []
    [goodbye] = mesh.control_plane.logs("proxy disconnected")
    assert goodbye["reason"] == "shutting down"
    assert not mesh.control_plane.logs(level="error")


def test_a_reconnecting_delta_envoy_is_sent_nothing_that_it_has(
    mesh: Mesh, envoy: EnvoyProcess
) -> None:
    [first] = envoy.endpoints(CLUSTER)
    kill(mesh, envoy)
    sent = len(pushes(mesh))
    come_back(mesh, envoy)
    # Once this change has arrived, anything else that was to be sent would have been.
    second = mesh.http_upstream("second")
    mesh.write_workload(second, LABELS)
    for name in ("runtimes", "more", "even-more"):
        envoy.wait_for_endpoints(CLUSTER.replace("runtimes", name), first, second.port)

    since = pushes(mesh)[sent:]
    assert {line["type"] for line in since} == {"ClusterLoadAssignment"}
    assert sum(line["resources"] for line in since) == 3
    assert sum(line["removed"] for line in since) == 0


def test_a_reconnecting_delta_envoy_is_sent_what_changed_meanwhile(
    mesh: Mesh, envoy: EnvoyProcess, client: HttpClient
) -> None:
    with Load(lambda: client.send("/runtimes"), rate=200) as load:
        load.wait_for_more()
        kill(mesh, envoy)
        sent = len(pushes(mesh))
        # Two of three services go, the routes lead to the third, and its rule is another.
        mesh.config.remove("service-runtimes.yaml")
        mesh.config.remove("service-even-more.yaml")
        mesh.config.write(
            "service-more.yaml",
            service("more", NAMESPACE, selector=LABELS, ports={"http": 80}),
            destination_rule("more", NAMESPACE, load_balancer={"simple": "RANDOM"}),
        )
        headers = {"response": {"set": {"x-config": "new"}}}
        mesh.config.write(
            "routes.yaml",
            virtual_service("routes", NAMESPACE, [route_to("more", headers=headers)]),
        )
        come_back(mesh, envoy)
        eventually(lambda: load.answers[-1].headers.get("x-config"), what="the new routes serve")
        envoy.wait_until(lambda envoy: len(envoy.clusters) == 2, what="the old clusters are gone")
        load.wait_for_more()

    assert load.failures == []
    # The last of what is to be sent may be logged after Envoy has it.
    eventually(lambda: counts(mesh, sent).get("Cluster") == (1, 2))
    assert counts(mesh, sent) == {
        "Cluster": (1, 2),
        "RouteConfiguration": (1, 0),
        # Envoy waits for the endpoints of a changed cluster, so these are sent though they are not.
        # Those of the clusters that go need no removal: Envoy lets go of them by itself.
        "ClusterLoadAssignment": (1, 0),
    }


def counts(mesh: Mesh, since: int) -> dict[str, tuple[int, int]]:
    """How many resources were sent and removed, by type."""
    found: dict[str, tuple[int, int]] = {}
    for line in pushes(mesh)[since:]:
        resources, removed = found.get(line["type"], (0, 0))
        found[line["type"]] = (resources + line["resources"], removed + line["removed"])
    return found


BROKEN = {
    "broken": lambda text: text.replace("gateways:", "gateway:"),
    "mistyped": lambda text: text.replace("VirtualService", "VirtualServise"),
    "empty": lambda text: "",
}


@pytest.mark.parametrize("break_it", BROKEN.values(), ids=BROKEN.keys())
def test_a_restart_with_a_broken_object_serves_what_served(
    mesh: Mesh, envoy: EnvoyProcess, client: HttpClient, break_it: Callable[[str], str]
) -> None:
    with Load(lambda: client.send("/runtimes"), rate=100) as load:
        load.wait_for_more()
        mesh.control_plane.stop()
        mesh.config.write("routes.yaml", break_it(mesh.config.read("routes.yaml")))
        come_back(mesh, envoy)
        # This change arrives after whatever the restart has changed.
        mesh.config.write(
            "later.yaml", service("later", NAMESPACE, selector=LABELS, ports={"a": 1})
        )
        load.wait_for_more()

    assert load.failures == []
    eventually(lambda: mesh.control_plane.logs("problem"), what="the problem is logged")


def test_an_empty_config_folder_serves_what_served_for_the_grace_time(
    mesh: Mesh, envoy: EnvoyProcess, client: HttpClient
) -> None:
    with Load(lambda: client.send("/runtimes"), rate=100) as load:
        load.wait_for_more()
        aside = mesh.config.path.with_name("aside")
        mesh.config.path.rename(aside)
        mesh.config.path.mkdir()
        held = {"code": "vanished-at-once"}
        eventually(lambda: mesh.control_plane.logs("problem", **held), what="all of it is held")
        load.wait_for_more()
        mesh.config.path.rmdir()
        aside.rename(mesh.config.path)
        eventually(lambda: mesh.control_plane.logs("problem solved", **held), what="all is back")
        load.wait_for_more()

    assert load.failures == []
