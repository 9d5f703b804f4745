"""Secrets that Gateways name, on a real API server: allowed by name, followed, and checked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from straightway.kubernetes import follower, reflector
from straightway.schemas import definitions
from straightway.sources.secrets import SecretName
from tests.support.certificates import server_pair
from tests.support.kube import KubeServer
from tests.support.kube_client import KubeError
from tests.support.kube_credentials import USER_TOKEN
from tests.support.mesh import Mesh
from tests.support.objects import gateway
from tests.support.running_source import RunningSource
from tests.support.secrets import entries, secret
from tests.support.waiting import eventually

Json = dict[str, Any]

RBAC = "rbac.authorization.k8s.io"
PAIR = server_pair("shop.example.com")
OTHER = server_pair("other.example.com")


@pytest.fixture(scope="module")
def server(kube: KubeServer) -> KubeServer:
    """The API server, with our CRDs."""
    kube.install_crds(definitions())
    return kube


@pytest.fixture
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have what is forbidden believed sooner, and asked for more often."""
    monkeypatch.setattr(reflector, "CONFIRM_SECONDS", 0.5)
    monkeypatch.setattr(follower, "_LACKING_SECONDS", 0.5)


def role(namespace: str, *names: str) -> Json:
    """Return the Role that the chart of a gateway makes of `credentials.secretNames`."""
    rule: Json = {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "list", "watch"]}
    return {
        "apiVersion": f"{RBAC}/v1",
        "kind": "Role",
        "metadata": {"name": "credentials", "namespace": namespace},
        "rules": [{**rule, "resourceNames": list(names)}],
    }


def binding(namespace: str) -> Json:
    return {
        "apiVersion": f"{RBAC}/v1",
        "kind": "RoleBinding",
        "metadata": {"name": "credentials", "namespace": namespace},
        "roleRef": {"apiGroup": RBAC, "kind": "Role", "name": "credentials"},
        "subjects": [{"apiGroup": RBAC, "kind": "User", "name": "user"}],
    }


def refused(server: KubeServer, path: str) -> bool:
    try:
        server.request("GET", path, token=USER_TOKEN)
    except KubeError as error:
        return error.status == 403
    return False


@pytest.mark.usefixtures("_impatient")
def test_a_role_by_name_is_enough_and_gives_no_more(server: KubeServer, namespace: str) -> None:
    server.apply(
        secret("shop", entries(PAIR), namespace=namespace),
        secret("private", entries(OTHER), namespace=namespace),
        role(namespace, "shop"),
        binding(namespace),
    )
    assert refused(server, f"/api/v1/namespaces/{namespace}/secrets")
    key, forbidden = f"secrets/{namespace}/shop", f"kind:secrets private in {namespace}"
    with RunningSource(server.kubeconfig(USER_TOKEN), namespaces=[namespace]) as source:
        source.want_secrets(SecretName(namespace, "shop"), SecretName(namespace, "private"))
        eventually(lambda: key in source.bodies, what="the Secret is read")
        eventually(lambda: source.problems.get(forbidden) == ["secret-forbidden"])
        assert set(source.bodies) == {key}

        before = source.bodies[key]
        server.apply(secret("shop", entries(OTHER), namespace=namespace))
        eventually(lambda: source.bodies[key] != before, what="the watch brings the change")

        server.apply(role(namespace, "shop", "private"))
        eventually(lambda: forbidden not in source.problems, what="the Role is noticed")
        source.want_secrets(SecretName(namespace, "private"))
        source.wait_for(f"secrets/{namespace}/private")


@pytest.fixture
def mesh(server: KubeServer, tmp_path: Path) -> Iterator[Mesh]:
    """A control plane that reads the cluster alone."""
    options = ["--kubernetes", "--write-status", "--kubeconfig", str(server.kubeconfig())]
    with Mesh(tmp_path, options=options, reads_folder=False) as mesh:
        yield mesh


def tls_gateway(namespace: str) -> Json:
    item = gateway("shop", namespace, selector={"app": "gw"}, ports=[443], protocol="HTTPS")
    item["spec"]["servers"][0]["tls"] = {"mode": "SIMPLE", "credentialName": "shop"}
    return item


def events_of_secrets(server: KubeServer, namespace: str) -> str:
    events = server.request("GET", f"/apis/events.k8s.io/v1/namespaces/{namespace}/events")
    return str([each for each in events["items"] if each["regarding"]["kind"] == "Secret"])


def test_the_control_plane_tells_what_is_wrong_with_a_credential(
    server: KubeServer, namespace: str, mesh: Mesh
) -> None:
    def log_of(code: str, event: str = "problem") -> bool:
        return any(
            line.get("code") == code and namespace in str(line)
            for line in mesh.control_plane.logs(event)
        )

    server.apply(tls_gateway(namespace))
    eventually(lambda: log_of("unknown-credential"), what="the Secret is missing")
    eventually(lambda: "There is no valid Secret" in str(server.read(tls_gateway(namespace))))

    server.apply(secret("shop", {**entries(PAIR), "tls.key": OTHER.key}, namespace=namespace))
    eventually(lambda: log_of("key-mismatch"), what="its pair is invalid")
    eventually(lambda: log_of("invalid-credential"), what="the Gateway says so")
    eventually(lambda: "belongs to another certificate" in events_of_secrets(server, namespace))

    server.apply(secret("shop", entries(PAIR), namespace=namespace))
    eventually(lambda: log_of("key-mismatch", "problem solved"))
    eventually(lambda: log_of("invalid-credential", "problem solved"))
    eventually(lambda: '"shop" in' not in str(server.read(tls_gateway(namespace))))

    shown = mesh.control_plane.log.read_text() + events_of_secrets(server, namespace)
    for pair in (PAIR, OTHER):
        assert not any(line in shown for line in pair.key.decode().splitlines()[1:-1])
