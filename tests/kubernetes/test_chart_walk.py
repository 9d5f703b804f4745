"""The commands of docs/kubernetes.md, as far as they go without nodes, controllers and Docker."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.support.kube import KubeServer
from tests.support.kube_binaries import need, program
from tests.support.kube_client import Json
from tests.support.waiting import eventually

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs" / "kubernetes.md").read_text()

BEYOND = {
    "docker": "builds images",
    "kind": "needs a node",
    "curl": "needs a running gateway",
    "python3": "makes the request for it",
    "rollout": "waits for Pods to run",
    "port-forward": "needs a running Pod",
    "exec": "needs a running Pod",
    "logs": "needs a running Pod",
    "straightway": "serves until it is stopped; tests/wire/test_serve_*.py run it",
}
"""What of the commands is not tried here, by the program or kubectl's command."""


def commands(text: str) -> Iterator[list[str]]:
    """The commands of all blocks of a text, each as its arguments."""
    blocks = re.findall(r"^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    blocks += re.findall(r"(?:^ {7}.*\n)+", text, re.MULTILINE)
    for block in blocks:
        if "registry.example.com" in block:
            continue  # An alternative to the block before.
        for line in re.sub(r"\\\n", " ", block).splitlines():
            if line.strip().startswith(("helm ", "kubectl ")):
                yield shlex.split(line)


def verb(command: list[str]) -> str:
    """What a kubectl command does, such as `apply`."""
    words = iter(command[1:])
    for word in words:
        if word == "--namespace":
            next(words)
        elif not word.startswith("-"):
            return word
    return ""


class Terminal:
    """Runs a newcomer's commands in the folder of the repository."""

    def __init__(self, kubeconfig: Path, home: Path) -> None:
        self._environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "KUBECONFIG": str(kubeconfig),
        }
        self.ran: list[str] = []

    def run(self, command: list[str]) -> str:
        result = subprocess.run(
            [program(command[0]), *command[1:]],
            cwd=ROOT,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, f"{shlex.join(command)}\n{result.stdout}{result.stderr}"
        self.ran.append(shlex.join(command))
        return result.stdout


@pytest.fixture
def terminal(own_kube: KubeServer, tmp_path: Path) -> Terminal:
    need("helm", "kubectl")
    return Terminal(own_kube.kubeconfig(), tmp_path)


def section(*titles: str) -> str:
    """The sections with these titles, in the order of the document."""
    parts = re.split(r"^(?=## )", DOCUMENT, flags=re.MULTILINE)
    found = [part for part in parts if part.startswith(tuple(f"## {title}" for title in titles))]
    assert len(found) == len(titles)
    return "".join(found)


def make_pods(kube: KubeServer) -> None:
    """Make the Pods of the demo's StatefulSet, as its controller would."""
    manifest = yaml.safe_load((ROOT / "demo" / "kubernetes" / "runtimes.yaml").read_text())
    namespace = manifest["metadata"]["namespace"]
    kube.make_service_account(namespace, "default")
    template = manifest["spec"]["template"]
    for number in range(manifest["spec"]["replicas"]):
        metadata = {**template["metadata"], "name": f"runtime-{number}", "namespace": namespace}
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}
        kube.apply(pod)


def rule() -> Json:
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "DestinationRule",
        "metadata": {"name": "modelmesh-serving", "namespace": "modelmesh-serving"},
    }


def pods(kube: KubeServer, namespace: str, chart: str) -> list[Json]:
    query = {"labelSelector": f"app.kubernetes.io/name={chart}"}
    found = kube.request("GET", f"/api/v1/namespaces/{namespace}/pods", query=query)
    return list(found["items"])


def test_a_newcomer_installs_uses_and_uninstalls_it(live_kube: KubeServer, tmp_path: Path) -> None:
    need("helm", "kubectl")
    terminal = Terminal(live_kube.kubeconfig(), tmp_path)
    for name in ("straightway-system", "modelmesh-serving"):
        labels = {"pod-security.kubernetes.io/enforce": "restricted"}
        metadata = {"name": name, "labels": labels}
        live_kube.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})

    titles = ("Install", "The tutorial", "Does it work?", "Security", "When something is wrong")
    for command in commands(section(*titles)):
        if verb(command) == "label" and "runtime-0" in command:
            make_pods(live_kube)
        if verb(command) not in BEYOND:
            terminal.run(command)

    # The Pods are those that Kubernetes' own controllers make.
    eventually(lambda: len(pods(live_kube, "straightway-system", "straightway")) >= 2)
    eventually(lambda: pods(live_kube, "modelmesh-serving", "straightway-gateway"))
    stored = live_kube.read(rule())
    # Nothing was pruned.
    assert "dynamicSubset" in stored["spec"]["trafficPolicy"]["loadBalancer"]
    holders = live_kube.request(
        "GET",
        "/api/v1/namespaces/modelmesh-serving/pods",
        query={"labelSelector": "modelmesh.asm.alibabacloud.com=tf-mnist"},
    )
    assert [pod["metadata"]["name"] for pod in holders["items"]] == ["runtime-2"]

    for command in commands(section("Uninstall")):
        terminal.run(command)
    for namespace in ("straightway-system", "modelmesh-serving"):
        path = f"/apis/apps/v1/namespaces/{namespace}/deployments"
        eventually(lambda path=path: live_kube.request("GET", path)["items"] == [])  # type: ignore[misc]
    # The CRDs are still there, and with them the users' objects.
    assert live_kube.read(rule())["spec"] == stored["spec"]
    verbs = {(command.split()[0], verb(shlex.split(command))) for command in terminal.ran}
    assert {("helm", "install"), ("helm", "upgrade"), ("kubectl", "apply")} <= verbs


def test_a_user_of_istio_installs_it_beside(own_kube: KubeServer, terminal: Terminal) -> None:
    ran = list(commands(section("Beside Istio")))
    for command in ran:
        terminal.run(command)

    assert len(ran) == 2
    (deployment,) = own_kube.request(
        "GET", "/apis/apps/v1/namespaces/straightway-system/deployments"
    )["items"]
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    assert {"--revision=straightway", "--no-write-status"} <= set(container["args"])
    # Istio's CRDs stay Istio's.
    assert not own_kube.serves("networking.istio.io/v1", "VirtualService")


def test_helm_never_changes_a_crd_that_exists(own_kube: KubeServer, terminal: Terminal) -> None:
    file = ROOT / "deploy" / "crds" / "gateways.networking.istio.io.yaml"
    theirs = yaml.safe_load(file.read_text())
    theirs["metadata"]["labels"] = {"app": "istio"}
    own_kube.install_crds([theirs])
    before = own_kube.read(theirs)["metadata"]

    for command in commands(section("Install")):
        if verb(command) == "install":
            terminal.run(command)

    after = own_kube.read(theirs)["metadata"]
    assert (after["labels"], after["generation"]) == (before["labels"], before["generation"])
    assert own_kube.serves("networking.istio.io/v1", "VirtualService")


def test_every_command_that_is_not_tried_is_known() -> None:
    lines = re.findall(r"^```sh\n(.*?)^```$", DOCUMENT, re.MULTILINE | re.DOTALL)
    programs = {line.split()[0] for block in lines for line in block.splitlines() if line[0] != " "}

    assert programs <= {"helm", "kubectl", *BEYOND}
