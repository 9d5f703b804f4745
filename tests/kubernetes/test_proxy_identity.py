"""Proxies prove who they are to the control plane in a cluster: real tokens, real Envoys, real TLS.

The control plane makes its certificate in a Secret; an Envoy's token is mounted as a kubelet does.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest

from straightway.proxies.addresses import Address
from straightway.proxies.bootstrap import Node, make_bootstrap, to_dict
from straightway.proxies.xds_tls import XdsTls, secret_files
from tests.support.config_folder import ConfigFolder
from tests.support.control_plane import ControlPlane
from tests.support.envoy import EnvoyProcess
from tests.support.kube import KubeServer
from tests.support.kube_client import MERGE_PATCH, Json, KubeError
from tests.support.mounts import MountedVolume
from tests.support.objects import gateway
from tests.support.ports import free_port
from tests.support.waiting import eventually

NAME = "straightway.example"
LABELS = {"app": "front"}


class Cluster:
    """The control plane, and proxies whose Pods are in the namespace `home`."""

    def __init__(self, kube: KubeServer, home: str, folder: Path) -> None:
        self.kube = kube
        self.home = home
        self.folder = folder
        self.envoys: list[EnvoyProcess] = []
        self.port, self.listener_port = free_port(), free_port()
        config = ConfigFolder(folder / "config")
        front = gateway("front", home, selector=LABELS, ports=[self.listener_port])
        config.write("gateway.yaml", front)
        self.control_plane = ControlPlane(
            config,
            folder,
            *("--kubernetes", "--kubeconfig", str(kube.kubeconfig(namespace=home))),
            # Other tests' Gateways may select every proxy.
            *("--namespace", home),
            *("--xds-tls-address", f"127.0.0.1:{self.port}"),
            *("--tls-secret", f"{home}/straightway-tls", "--tls-name", NAME),
        )
        self.control_plane.start()

    def close(self) -> None:
        for process in (*self.envoys, self.control_plane):
            process.close()

    def authority(self) -> bytes:
        """What the control plane tells proxies to trust."""
        path = f"/api/v1/namespaces/{self.home}/secrets/straightway-tls"
        secret = self.kube.request("GET", path)
        return base64.b64decode(secret["data"]["ca.crt"])

    def pod(self, name: str, labels: dict[str, str]) -> Json:
        """Make a Pod of the service account `gateway`."""
        self.kube.make_service_account(self.home, "gateway")
        [stored] = self.kube.create(
            {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {"name": name, "namespace": self.home, "labels": labels},
                "spec": {
                    "serviceAccountName": "gateway",
                    "containers": [{"name": "envoy", "image": "example/envoy"}],
                },
            }
        )
        return stored

    def token_of(self, pod: Json, audience: str = "straightway") -> str:
        return self.kube.service_account(self.home, "gateway", audience=audience, pod=pod)

    def envoy(self, token: MountedVolume, *, namespace: str, pod: str = "gw-1") -> EnvoyProcess:
        """Start an Envoy whose node claims a namespace, a Pod and the labels of the Gateway."""
        authority = self.folder / "authority"
        authority.mkdir(exist_ok=True)
        (authority / "ca.crt").write_bytes(self.authority())
        tls = XdsTls(
            authorities=PurePosixPath(authority / "ca.crt"),
            secrets=PurePosixPath(authority),
            token=PurePosixPath(token / "token"),
            server_name=NAME,
        )
        for name, text in secret_files(tls).items():
            (authority / name).write_text(text)
        node = Node(f"router~10.0.0.2~{pod}.{namespace}~{namespace}.svc.cluster.local", LABELS)
        bootstrap = make_bootstrap(
            node, Address("127.0.0.1", self.port), admin=Address("127.0.0.1", 0), tls=tls
        )
        envoy = EnvoyProcess("gateway", to_dict(bootstrap), self.folder)
        self.envoys.append(envoy)
        envoy.start()
        return envoy

    def refusals(self, reason: str) -> list[Json]:
        return [
            line
            for line in self.control_plane.logs("proxy refused")
            if reason in str(line["reason"])
        ]


@pytest.fixture
def cluster(kube: KubeServer, namespace: str, tmp_path: Path) -> Iterator[Cluster]:
    cluster = Cluster(kube, namespace, tmp_path)
    try:
        eventually(lambda: has_authority(cluster), what="there is a certificate")
        yield cluster
    finally:
        cluster.close()


def has_authority(cluster: Cluster) -> bool:
    try:
        return bool(cluster.authority())
    except KubeError:
        return False


def mounted(cluster: Cluster, token: str) -> MountedVolume:
    return MountedVolume(cluster.folder / "token", {"token": token.encode()})


def test_a_proxy_gets_what_its_pod_is_to_get(cluster):
    pod = cluster.pod("gw-1", LABELS)
    envoy = cluster.envoy(mounted(cluster, cluster.token_of(pod)), namespace=cluster.home)
    envoy.wait_for_listener(cluster.listener_port)

    # The labels that count are the Pod's, now and whenever they change.
    relabel(cluster, pod, {"app": "other"})
    envoy.wait_until(lambda envoy: envoy.listeners == {}, what="the listener goes")
    relabel(cluster, pod, LABELS)
    envoy.wait_for_listener(cluster.listener_port)


def relabel(cluster: Cluster, pod: Json, labels: dict[str, str]) -> None:
    path = cluster.kube.path_of(pod)
    body = {"metadata": {"labels": labels}}
    cluster.kube.request("PATCH", path, body, content_type=MERGE_PATCH)


def test_a_stolen_token_of_another_namespace_gets_nothing(cluster):
    stolen = cluster.token_of(cluster.pod("gw-1", LABELS))
    envoy = cluster.envoy(mounted(cluster, stolen), namespace="bank")
    eventually(lambda: cluster.refusals("says it is in namespace 'bank'"), what="it is refused")
    assert envoy.listeners == {}
    assert envoy.clusters == {}
    eventually(lambda: "correct the namespace in the node id" in envoy.tail(), what="it is told")


def test_a_token_that_is_exchanged_is_shown_on_the_next_attempt(cluster):
    pod = cluster.pod("gw-1", LABELS)
    token = mounted(cluster, cluster.token_of(pod, audience="another"))
    envoy = cluster.envoy(token, namespace=cluster.home)
    eventually(lambda: cluster.refusals("not for the audience 'straightway'"), what="it is refused")
    token.put({"token": cluster.token_of(pod).encode()})
    envoy.wait_for_listener(cluster.listener_port)


def test_a_token_of_a_pod_that_is_gone_is_refused(cluster):
    pod = cluster.pod("gw-1", LABELS)
    token = cluster.token_of(pod)
    cluster.kube.delete(pod)
    cluster.envoy(mounted(cluster, token), namespace=cluster.home)
    eventually(lambda: cluster.refusals("does not know the token"), what="it is refused")


def test_a_token_without_a_pod_gets_no_gateways_that_select_by_labels(cluster):
    token = cluster.kube.service_account(cluster.home, "gateway", audience="straightway")
    envoy = cluster.envoy(mounted(cluster, token), namespace=cluster.home, pod="none")
    eventually(lambda: cluster.control_plane.logs("proxy connected"), what="it is admitted")
    assert cluster.refusals("") == []
    assert envoy.listeners == {}
    # One that names a Pod of its own service account has that Pod's labels.
    cluster.pod("gw-1", LABELS)
    envoy.close()
    envoy = cluster.envoy(mounted_again(cluster, token), namespace=cluster.home, pod="gw-1")
    envoy.wait_for_listener(cluster.listener_port)


def mounted_again(cluster: Cluster, token: str) -> MountedVolume:
    return MountedVolume(cluster.folder / "token-again", {"token": token.encode()})
