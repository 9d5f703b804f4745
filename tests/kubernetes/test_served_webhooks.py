"""`straightway serve` with webhooks: its own certificate, and a sidecar that connects to it."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from straightway.schemas import definitions
from straightway.webhooks.sidecar import NAME, PORTS
from tests.support.config_folder import ConfigFolder
from tests.support.control_plane import ControlPlane
from tests.support.envoy import EnvoyProcess
from tests.support.http import HttpClient
from tests.support.kube import KubeServer
from tests.support.kube_client import KubeError
from tests.support.objects import service, workload_entry
from tests.support.pod_arguments import arguments, mount
from tests.support.pods import pod
from tests.support.ports import free_port
from tests.support.upstreams import HttpUpstream
from tests.support.waiting import eventually

Json = dict[str, Any]


class Cluster:
    """A control plane whose release's namespace is `home`, with the webhooks of its chart."""

    def __init__(self, kube: KubeServer, home: str, folder: Path) -> None:
        self.kube, self.home, self.folder = kube, home, folder
        self.webhook_port = free_port()
        xds = f"127.0.0.1:{free_port()}"
        self.control_plane = ControlPlane(
            ConfigFolder(folder / "config"),
            folder,
            *("--kubernetes", "--kubeconfig", str(kube.kubeconfig(namespace=home))),
            *("--namespace", home),
            *("--xds-tls-address", xds, "--sidecar-xds", xds),
            *("--tls-secret", f"{home}/straightway-tls", "--tls-name", "127.0.0.1"),
            *("--webhook-address", f"127.0.0.1:{self.webhook_port}"),
        )
        self.configurations = [
            self._configuration("Validating", "validate", "networking.istio.io", "*"),
            self._configuration("Mutating", "inject", "", "pods"),
        ]

    def start(self) -> None:
        self.kube.apply(*self.configurations)
        self.control_plane.start()

    def close(self) -> None:
        self.kube.delete(*self.configurations)
        self.control_plane.close()

    def _configuration(self, kind: str, path: str, group: str, resource: str) -> Json:
        webhook = {
            "name": f"{path}.straightway.dev",
            "clientConfig": {"url": f"https://127.0.0.1:{self.webhook_port}/{path}"},
            "rules": [
                {
                    "apiGroups": [group],
                    "apiVersions": ["*"],
                    "resources": [resource],
                    "operations": ["CREATE", "UPDATE"],
                    "scope": "Namespaced",
                }
            ],
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": self.home}},
            "admissionReviewVersions": ["v1"],
            "sideEffects": "None",
            "failurePolicy": "Ignore",
            "timeoutSeconds": 5,
        }
        return {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": f"{kind}WebhookConfiguration",
            "metadata": {"name": f"straightway-{self.home}"},
            "webhooks": [webhook],
        }

    def injected(self, name: str) -> Json:
        """Return a Pod as it would be stored."""
        (stored,) = self.kube.apply(pod(name, self.home), dry_run=True)
        assert "initContainers" in stored["spec"]
        return stored

    def secret(self) -> bytes:
        path = f"/api/v1/namespaces/{self.home}/secrets/straightway-tls"
        return base64.b64decode(self.kube.request("GET", path)["data"]["ca.crt"])


@pytest.fixture
def cluster(kube: KubeServer, namespace: str, tmp_path: Path) -> Iterator[Cluster]:
    kube.install_crds(definitions())
    made = Cluster(kube, namespace, tmp_path)
    with closing(made):
        made.start()
        eventually(lambda: made.injected("probe"), what="the webhooks answer")
        yield made


def virtual_service(namespace: str, host: str, **match: str) -> Json:
    route: Json = {"route": [{"destination": {"host": host}}]}
    if match:
        route["match"] = [{"uri": match}]
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "VirtualService",
        "metadata": {"name": "chat", "namespace": namespace},
        "spec": {"hosts": ["chat.example.com"], "http": [route]},
    }


def test_the_control_plane_gives_the_api_server_its_authorities_and_is_asked(
    cluster: Cluster,
) -> None:
    stored = [cluster.kube.read(each)["webhooks"][0] for each in cluster.configurations]
    bundles = {base64.b64decode(each["clientConfig"]["caBundle"]) for each in stored}
    assert bundles == {cluster.secret()}

    with pytest.raises(KubeError, match=r"spec\.http\[0\]\.match\[0\]\.uri\.regex"):
        cluster.kube.apply(virtual_service(cluster.home, "models", regex="["))
    cluster.kube.apply(virtual_service(cluster.home, "models", prefix="/"))


def test_a_sidecar_of_an_injected_pod_proves_who_it_is_and_routes(cluster: Cluster) -> None:
    kube, home, folder = cluster.kube, cluster.home, cluster.folder
    port = free_port()
    upstream = HttpUpstream("models", 200)
    labels = {"app": "models"}
    kube.apply(
        service("models", home, selector=labels, ports={"http": port}),
        workload_entry("models", home, labels=labels, ports={"http": upstream.port}),
    )
    (stored,) = kube.apply(pod("app-1", home))
    token = kube.service_account(home, "default", audience="straightway", pod=stored)
    mount(stored, "straightway-token", folder, "straightway", token=token.encode())
    mount(stored, "straightway-ca", folder, "straightway-ca", **{"ca.crt": cluster.secret()})

    envoy = EnvoyProcess("sidecar", {}, folder)
    given = arguments(stored, NAME, folder)
    for fixed in PORTS:
        given = [each.replace(str(fixed), str(free_port())) for each in given]
    envoy.command[1:] = [*given, *envoy.command[3:5]]
    with closing(upstream), closing(envoy):
        envoy.start()
        envoy.wait_for_listener(port)
        with closing(HttpClient(port)) as application:
            assert application.send(headers={"host": f"models.{home}"}).status == 200
