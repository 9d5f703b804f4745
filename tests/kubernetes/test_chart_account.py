"""The control plane with exactly the rights that its chart grants."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.support.charts import CHARTS, CONTROL_PLANE, grant, render
from tests.support.kube import KubeServer
from tests.support.kube_client import Json
from tests.support.objects import virtual_service
from tests.support.ports import free_port
from tests.support.processes import ManagedProcess
from tests.support.tutorial import documents
from tests.support.waiting import eventually

pytestmark = pytest.mark.long

ROOT = CHARTS.parents[1]
OWN, SHOP = "straightway-system", "modelmesh-serving"

BROKEN = virtual_service(
    "broken", SHOP, [{"match": [{"uri": {"regex": "("}}], "redirect": {"uri": "/"}}]
)
"""No schema can tell that this is no regular expression."""


@pytest.fixture
def kube(own_kube: KubeServer) -> KubeServer:
    """An API server with the tutorial, and an object with an error."""
    for name in (OWN, SHOP):
        own_kube.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    own_kube.install_crds(documents(ROOT / "deploy" / "crds"))
    own_kube.apply(*documents(ROOT / "demo" / "config"), BROKEN)
    return own_kube


@pytest.mark.parametrize("namespaces", [[], [SHOP]], ids=["cluster", "namespaces"])
def test_it_reads_everything_and_writes_conditions_and_events(
    namespaces: list[str], kube: KubeServer, tmp_path: Path
) -> None:
    token = grant(kube, render(CONTROL_PLANE, {"namespaces": namespaces}, namespace=OWN))
    command = [sys.executable, "-m", "straightway", "serve", "--kubernetes", "--no-state"]
    command += ["--write-status"]
    command += ["--kubeconfig", str(kube.kubeconfig(token, namespace=OWN))]
    command += ["--xds-address", f"127.0.0.1:{free_port()}"]
    command += [f"--namespace={name}" for name in namespaces]
    control_plane = ManagedProcess("control plane", command, tmp_path / "control-plane.log")
    control_plane.start()
    try:
        eventually(lambda: accepted(kube, BROKEN) == "False", what="the error is on its object")
        # The kinds of core Kubernetes and our own: all are read with these rights.
        for item in documents(ROOT / "demo" / "config"):
            if item["apiVersion"] != "v1":
                eventually(lambda item=item: accepted(kube, item) == "True")  # type: ignore[misc]
        eventually(lambda: events(kube, "broken"), what="there is an Event for the error")
    finally:
        control_plane.close()

    assert "forbidden" not in control_plane.log.read_text()


def accepted(kube: KubeServer, item: Json) -> str:
    """The status of the object's condition `Accepted`; empty while there is none."""
    conditions = kube.read(item).get("status", {}).get("conditions", ())
    return "".join(each["status"] for each in conditions if each["type"] == "Accepted")


def events(kube: KubeServer, name: str) -> list[Json]:
    found = kube.request("GET", f"/apis/events.k8s.io/v1/namespaces/{SHOP}/events")["items"]
    return [event for event in found if event["regarding"]["name"] == name]
