"""Config that changes while requests run: labels get through, rules for the mesh harm nobody."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from tests.support.envoy import EnvoyProcess
from tests.support.http import HttpClient
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
KEYS = [{"header": "x-model", "key": "model"}]
CLUSTER = "outbound|80||runtimes.default.svc.cluster.local"


def start(mesh: Mesh) -> tuple[EnvoyProcess, HttpClient]:
    """Start a gateway in front of two runtimes, of which the first holds a model."""
    port = mesh.open_port()
    mesh.write_workload(mesh.http_upstream("first"), {**LABELS, "model": "mnist"})
    mesh.write_workload(mesh.http_upstream("second"), LABELS)
    rule = destination_rule(
        "runtimes", NAMESPACE, load_balancer=dynamic_subset("model", policy="NO_FALLBACK")
    )
    mesh.config.write(
        "runtimes.yaml",
        service("runtimes", NAMESPACE, selector=LABELS, ports={"http": 80}),
        rule,
        virtual_service("routes", NAMESPACE, [route_to("runtimes", headerToDynamicSubsetKey=KEYS)]),
    )
    envoy = mesh.start_envoy()
    envoy.wait_for_listener(port)
    return envoy, mesh.http_client(port)


@contextmanager
def routes_that_change_all_the_time(mesh: Mesh, pause: float) -> Iterator[list[int]]:
    """Write another version of a VirtualService after every pause; gives the versions so far."""
    end = threading.Event()
    versions: list[int] = []

    def change() -> None:
        while not end.wait(pause):
            headers = {"response": {"set": {"x-version": str(len(versions))}}}
            busy = virtual_service(
                "busy", NAMESPACE, [route_to("runtimes", headers=headers)], hosts=["busy.com"]
            )
            mesh.config.write("busy.yaml", busy)
            versions.append(len(versions))

    thread = threading.Thread(target=change, name="changes", daemon=True)
    thread.start()
    try:
        yield versions
    finally:
        end.set()
        thread.join()


def answers(client: HttpClient, model: str, status: int) -> bool:
    return client.send(headers={"x-model": model}).status == status


def test_a_label_gets_through_while_routes_change_without_end(mesh: Mesh) -> None:
    _, client = start(mesh)
    before = len(mesh.control_plane.logs("pushed", type="RouteConfiguration"))

    with routes_that_change_all_the_time(mesh, 0.05) as versions:
        eventually(lambda: len(versions) > 3, what="the routes change")
        for label, model in enumerate(["bert", "llama", "qwen"]):
            mesh.config.edit("second.yaml", "app: runtime", f"app: runtime\n    model: {model}")
            eventually(
                partial(answers, client, model, 200),
                what=f"the label {label} is in force",
            )
            mesh.config.edit("second.yaml", f"\n    model: {model}", "")
            eventually(
                partial(answers, client, model, 503),
                what=f"the label {label} is gone",
            )

    eventually(
        lambda: mesh.control_plane.logs("pushed", type="RouteConfiguration")[before:],
        what="the routes come in force too",
    )
    assert client.send(headers={"x-model": "mnist"}).upstream == "first"


def test_a_rule_for_the_mesh_leaves_a_gateway_in_the_root_namespace_its_subsets(mesh: Mesh) -> None:
    envoy, client = start(mesh)
    assert client.send(headers={"x-model": "mnist"}).upstream == "first"

    # In the root namespace and for every host, as people write it for the whole mesh.
    rule = destination_rule(
        "*.local", "istio-system", connectionPool={"tcp": {"connectTimeout": "7s"}}
    )
    rule["metadata"]["name"] = "mesh"
    mesh.config.write("mesh.yaml", rule)
    mesh.config.write(
        "later.yaml", service("later", NAMESPACE, selector=LABELS, ports={"http": 80})
    )
    mesh.config.write(
        "later-routes.yaml",
        virtual_service("later", NAMESPACE, [route_to("later")], hosts=["later.com"]),
    )
    # What comes with the change is there, so the rule is too.
    envoy.wait_until(lambda envoy: CLUSTER.replace("runtimes", "later") in envoy.clusters)

    assert envoy.clusters[CLUSTER.replace("runtimes", "later")]["connect_timeout"] == "7s"
    assert "lb_subset_config" in envoy.clusters[CLUSTER]
    assert {client.send(headers={"x-model": "mnist"}).upstream for _ in range(10)} == {"first"}
    assert client.send(headers={"x-model": "nobody-has-it"}).status == 503
