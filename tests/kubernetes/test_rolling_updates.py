"""A Deployment of runtimes is updated under load: Straightway and Envoy lose no request."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from tests.support.envoy import EnvoyProcess
from tests.support.http import HttpClient
from tests.support.kube import KubeServer
from tests.support.kube_client import Json
from tests.support.kubelet import Kubelet
from tests.support.load import Load
from tests.support.mesh import NAMESPACE, Mesh
from tests.support.objects import route_to, virtual_service
from tests.support.pod_ports import container_port
from tests.support.rollouts import REPLICAS, deployment, images, ready, rolled_out
from tests.support.waiting import eventually

CLUSTER = "outbound|80||runtime.models.svc.cluster.local"


@pytest.fixture
def mesh(live_kube: KubeServer, tmp_path: Path) -> Iterator[Mesh]:
    """A mesh whose runtimes are in the cluster, and whose routes are in the folder."""
    options = ["--kubernetes", "--kubeconfig", str(live_kube.kubeconfig())]
    with Mesh(tmp_path, options=options) as mesh:
        yield mesh


def leaves(envoy: EnvoyProcess, pod: Json) -> bool:
    """Whether a Pod that ends gets no more requests: its preStop hook waits for that."""
    return container_port(pod) not in envoy.endpoints(CLUSTER)


def has_only(kubelet: Kubelet, image: str) -> bool:
    """Whether the Pods are those of an image, and no old one is left."""
    return images(kubelet.pods()) == [image] * REPLICAS


@pytest.mark.long
def test_a_rolling_update_fails_no_request(live_kube: KubeServer, mesh: Mesh) -> None:
    port = mesh.open_port()
    routes = virtual_service("routes", NAMESPACE, [route_to("runtime.models.svc.cluster.local")])
    mesh.config.write("routes.yaml", routes)
    envoy = mesh.start_envoy()

    with rolled_out(live_kube, lambda pod: leaves(envoy, pod)) as kubelet:
        envoy.wait_for_endpoints(CLUSTER, *ready(live_kube))
        envoy.wait_for_listener(port)
        with closing(HttpClient(port)) as client, Load(client.send, rate=200) as load:
            load.wait_for_more()
            for image in ("runtime:2", "runtime:3"):
                live_kube.apply(deployment(image))
                eventually(partial(has_only, kubelet, image), what=f"all Pods are {image}")
                load.wait_for_more()

    assert load.failures == []
    # Both updates replaced all Pods: nine served in turn.
    assert len(load.upstreams) == 3 * REPLICAS
