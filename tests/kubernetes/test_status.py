"""What `kubectl` users see on their objects: conditions, validation messages and Events."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeVar

import pytest

from straightway.proxies.bootstrap import Node
from straightway.schemas import definitions
from tests.support.cluster_control_plane import ClusterControlPlane
from tests.support.envoy import GATEWAY_LABELS, EnvoyProcess
from tests.support.kube import KubeServer
from tests.support.kube_binaries import need, program
from tests.support.kube_client import APPLY_PATCH, KubeError
from tests.support.objects import gateway, route_to, service, virtual_service
from tests.support.ports import free_port
from tests.support.processes import ManagedProcess
from tests.support.waiting import eventually

Json = dict[str, Any]
Process = TypeVar("Process", bound=ManagedProcess)

OK = [{"directResponse": {"status": 200}}]


@pytest.fixture
def kinds(kube: KubeServer) -> None:
    """Our CRDs, as `straightway crds` prints them."""
    kube.install_crds(definitions())


@pytest.fixture
def running() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def plane(
    kube: KubeServer, namespace: str, kinds: None, tmp_path: Path, running: ExitStack
) -> ClusterControlPlane:
    return started(running, ClusterControlPlane(kube, namespace, tmp_path))


def started(stack: ExitStack, process: Process) -> Process:
    stack.callback(process.close)
    process.start()
    return process


def conditions(kube: KubeServer, item: Json) -> dict[str, Json]:
    found = kube.read(item).get("status", {}).get("conditions", [])
    return {each["type"]: each for each in found}


def says(kube: KubeServer, item: Json, kind: str, status: str, reason: str) -> Json:
    """Wait until an object has a condition for its newest generation, and return it."""

    def has() -> Json | None:
        body = kube.read(item)
        found = conditions(kube, item).get(kind, {})
        observed = body.get("status", {}).get("observedGeneration")
        is_it = (found.get("status"), found.get("reason")) == (status, reason)
        return found if is_it and str(observed) == str(body["metadata"]["generation"]) else None

    found = eventually(has, what=f"{kind} is {status} ({reason})")
    assert found is not None
    return found


def wrong(namespace: str, regex: str) -> Json:
    """Return routes with a regular expression that no schema refuses, but Envoy would."""
    match = [{"uri": {"regex": regex}}]
    return virtual_service("routes", namespace, [{**OK[0], "match": match}])


def version(kube: KubeServer, item: Json) -> str:
    return str(kube.read(item)["metadata"]["resourceVersion"])


def envoy(stack: ExitStack, plane: ClusterControlPlane, namespace: str, folder: Path, name="gw"):
    node = Node(f"router~10.0.0.2~{name}.{namespace}~{namespace}.svc.cluster.local", GATEWAY_LABELS)
    return started(stack, EnvoyProcess.of(node, plane.address, folder, name=name))


def test_a_right_object_and_a_wrong_one_say_so_with_the_path(
    kube: KubeServer, namespace: str, plane: ClusterControlPlane
) -> None:
    entry = gateway("entry", namespace, selector=GATEWAY_LABELS, ports=[8080])
    routes = virtual_service("routes", namespace, OK)
    kube.apply(entry, routes)
    says(kube, entry, "Accepted", "True", "Accepted")
    says(kube, routes, "ResolvedRefs", "True", "ResolvedRefs")

    # A host that does not exist: in force, and unresolved.
    kube.apply(virtual_service("routes", namespace, [route_to("nowhere")]))
    found = says(kube, routes, "ResolvedRefs", "False", "UnknownHost")
    assert "spec.http[0].route[0].destination.host: " in found["message"]
    assert conditions(kube, routes)["Accepted"]["status"] == "True"
    messages = kube.read(routes)["status"]["validationMessages"]
    assert messages[0]["type"] == {"name": "ReferencedResourceNotFound", "code": "IST0101"}

    # One that is wrong in itself: the last good generation serves on.
    kube.apply(wrong(namespace, "("))
    found = says(kube, routes, "Accepted", "False", "Invalid")
    path = "spec.http[0].match[0].uri.regex"
    assert found["message"].startswith(f"Generation 2 still serves. {path}: ")
    assert str(found["observedGeneration"]) == "3"
    since = found["lastTransitionTime"]

    kube.apply(wrong(namespace, "(("))
    eventually(lambda: "((" in conditions(kube, routes)["Accepted"]["message"])
    found = conditions(kube, routes)["Accepted"]
    assert found["lastTransitionTime"] == since, "it was as wrong before"
    kube.apply(virtual_service("routes", namespace, OK))
    says(kube, routes, "Accepted", "True", "Accepted")
    eventually(lambda: "validationMessages" not in kube.read(routes)["status"])


def test_what_is_settled_is_written_once(
    kube: KubeServer, namespace: str, plane: ClusterControlPlane, tmp_path: Path, running: ExitStack
) -> None:
    entry = gateway("entry", namespace, selector=GATEWAY_LABELS, ports=[free_port()])
    kube.apply(entry)
    envoy(running, plane, namespace, tmp_path)
    says(kube, entry, "Programmed", "True", "Programmed")
    before = version(kube, entry)
    # Our own writes come back as events; what follows from those would be here by now.
    other = virtual_service("other", namespace, OK)
    kube.apply(other)
    says(kube, other, "Programmed", "True", "Programmed")
    assert version(kube, entry) == before


def test_proxies_are_counted_and_a_rejection_is_told_in_envoys_words(
    kube: KubeServer, namespace: str, plane: ClusterControlPlane, tmp_path: Path, running: ExitStack
) -> None:
    entry = gateway("entry", namespace, selector=GATEWAY_LABELS, ports=[free_port()])
    elsewhere = gateway("elsewhere", namespace, selector={"istio": "other"}, ports=[8080])
    kube.apply(entry, elsewhere, virtual_service("routes", namespace, OK))
    for name in ("gw-1", "gw-2"):
        envoy(running, plane, namespace, tmp_path, name)
    eventually(lambda: len(plane.logs("proxy connected")) == 2, what="both are connected")
    kube.apply(gateway("entry", namespace, selector=GATEWAY_LABELS, ports=[free_port()]))
    found = says(kube, entry, "Programmed", "True", "Programmed")
    assert found["message"] == "2 of 2 proxies at the leader have it."
    assert "Programmed" not in conditions(kube, elsewhere)

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        kube.apply(gateway("entry", namespace, selector=GATEWAY_LABELS, ports=[port]))
        found = says(kube, entry, "Programmed", "False", "Rejected")
    assert found["message"].startswith(
        "0 of 2 proxies at the leader have it. Proxy router~10.0.0.2~gw-1."
    )
    assert "Address already in use" in found["message"]
    [event] = eventually(lambda: events_about(kube, entry, "Rejected")[:1], what="an Event")
    assert "Address already in use" in event["note"]

    kube.apply(gateway("entry", namespace, selector=GATEWAY_LABELS, ports=[free_port()]))
    found = says(kube, entry, "Programmed", "True", "Programmed")
    assert found["message"] == "2 of 2 proxies at the leader have it."


def events_about(kube: KubeServer, item: Json, reason: str) -> list[Json]:
    namespace = item["metadata"]["namespace"]
    found = kube.request("GET", f"/apis/events.k8s.io/v1/namespaces/{namespace}/events")["items"]
    return [
        each
        for each in found
        if each["regarding"]["name"] == item["metadata"]["name"] and each["reason"] == reason
    ]


def test_kubectl_shows_columns_and_events(
    kube: KubeServer, namespace: str, plane: ClusterControlPlane
) -> None:
    need("kubectl")
    routes = wrong(namespace, "(")
    kube.apply(routes)
    says(kube, routes, "Accepted", "False", "Invalid")
    eventually(lambda: events_about(kube, routes, "InvalidRegex"), what="an Event")

    def kubectl(*arguments: str) -> str:
        config = kube.kubeconfig(namespace=namespace)
        command = [program("kubectl"), "--kubeconfig", str(config), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    header, line = kubectl("get", "virtualservices.networking.istio.io").splitlines()
    assert "ACCEPTED" in header
    assert "False" in line
    described = kubectl("describe", "virtualservices.networking.istio.io", "routes")
    assert "InvalidRegex" in described.partition("Events:")[2]
    assert "spec.http[0].match[0].uri.regex: " in described.partition("Events:")[2]


def test_what_is_wrong_with_a_service_is_an_event_and_its_status_is_left_alone(
    kube: KubeServer, namespace: str, plane: ClusterControlPlane
) -> None:
    alias = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "alias", "namespace": namespace},
        "spec": {
            "type": "ExternalName",
            "externalName": f"web.{namespace}.svc.cluster.local",
            "ports": [{"name": "http", "port": 80}],
        },
    }
    web = service("web", namespace, selector={"app": "web"}, ports={"http": 80})
    kube.apply(web, alias)
    eventually(lambda: events_about(kube, alias, "AliasWithPorts"), what="an Event")
    assert kube.read(alias)["status"] == {"loadBalancer": {}}


def test_a_gateway_has_the_address_of_its_load_balancer(
    kube: KubeServer, namespace: str, plane: ClusterControlPlane, tmp_path: Path, running: ExitStack
) -> None:
    entry = gateway("entry", namespace, selector=GATEWAY_LABELS, ports=[free_port()])
    front = service("front", namespace, selector=GATEWAY_LABELS, ports={"http": 80})
    front["spec"]["type"] = "LoadBalancer"
    front["spec"]["ports"][0]["targetPort"] = free_port()
    kube.apply(entry, front)
    envoy(running, plane, namespace, tmp_path)
    kube.set_status(front, {"loadBalancer": {"ingress": [{"ip": "203.0.113.7"}]}})
    wanted = [{"type": "IPAddress", "value": "203.0.113.7"}]

    def addresses() -> object:
        return kube.read(entry).get("status", {}).get("addresses")

    eventually(lambda: addresses() == wanted, what="the address", seconds=30)
    assert "203.0.113.7" in conditions(kube, entry)["Accepted"]["message"]


@pytest.mark.long
def test_another_controller_that_reverts_gets_few_writes(
    kube: KubeServer, namespace: str, plane: ClusterControlPlane
) -> None:
    routes = virtual_service("routes", namespace, OK, gateways=["mesh"], hosts=["web.example"])
    kube.apply(routes)
    says(kube, routes, "Accepted", "True", "Accepted")
    reverts, end = 0, time.monotonic() + 8
    path = f"{kube.path_of(routes)}/status"
    while time.monotonic() < end:
        if "Accepted" in conditions(kube, routes):
            theirs = {"conditions": [{"type": "Theirs", "status": "True"}]}
            body = {**kube.read(routes), "status": theirs}
            try:
                kube.request("PUT", path, body)
                reverts += 1
            except KubeError:
                pass  # A conflict: it was written meanwhile.
    # After 1 + 2 and 1 + 4 seconds; a hot loop would have had hundreds.
    assert 1 <= reverts <= 4
    found = conditions(kube, routes)
    assert "Theirs" in found


def test_the_other_controllers_conditions_stay(
    kube: KubeServer, namespace: str, plane: ClusterControlPlane
) -> None:
    routes = virtual_service("routes", namespace, OK)
    kube.apply(routes)
    says(kube, routes, "Accepted", "True", "Accepted")
    theirs = {
        "apiVersion": routes["apiVersion"],
        "kind": routes["kind"],
        "metadata": routes["metadata"],
        "status": {"conditions": [{"type": "Reconciled", "status": "True"}]},
    }
    kube.request(
        "PATCH",
        f"{kube.path_of(routes)}/status",
        theirs,
        query={"fieldManager": "istiod"},
        content_type=APPLY_PATCH,
    )
    kube.apply(virtual_service("routes", namespace, [{**OK[0], "timeout": "1s"}]))
    says(kube, routes, "Accepted", "True", "Accepted")
    assert conditions(kube, routes)["Reconciled"] == {"type": "Reconciled", "status": "True"}


def test_objects_of_another_revision_are_not_touched(
    kube: KubeServer, namespace: str, kinds: None, tmp_path: Path, running: ExitStack
) -> None:
    theirs = virtual_service("theirs", namespace, OK)
    theirs["metadata"]["labels"] = {"istio.io/rev": "stable"}
    ours = virtual_service("ours", namespace, OK)
    ours["metadata"]["labels"] = {"istio.io/rev": "canary"}
    kube.apply(theirs, ours)
    plane = ClusterControlPlane(kube, namespace, tmp_path, "--revision", "canary")
    started(running, plane)
    says(kube, ours, "Accepted", "True", "Accepted")
    assert "status" not in kube.read(theirs)

    # One that leaves us loses what we said.
    ours["metadata"]["labels"] = {"istio.io/rev": "stable"}
    kube.apply(ours)
    eventually(lambda: not conditions(kube, ours), what="our status is gone")


def test_without_write_status_nothing_is_written(
    kube: KubeServer, namespace: str, kinds: None, tmp_path: Path, running: ExitStack
) -> None:
    routes = virtual_service("routes", namespace, [route_to("nowhere")])
    kube.apply(routes)
    plane = ClusterControlPlane(kube, namespace, tmp_path, "--no-write-status")
    started(running, plane)
    eventually(lambda: plane.logs("config in force"), what="config in force")
    assert "status" not in kube.read(routes)
    leases = kube.request("GET", f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases")
    assert leases["items"] == []
