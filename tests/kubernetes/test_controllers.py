"""Kubernetes' own controllers, with a kubelet that is played: rolling updates, deletions."""

from __future__ import annotations

import pytest

from tests.support.host_address import host_address
from tests.support.http import HttpClient
from tests.support.kube import KubeServer
from tests.support.kube_client import Json, KubeError
from tests.support.rollouts import (
    NAMESPACE,
    REPLICAS,
    deployment,
    endpoints,
    images,
    ready,
    rolled_out,
    terminating,
)
from tests.support.waiting import eventually

pytestmark = pytest.mark.long


def test_a_service_has_an_endpoint_for_each_pod_of_a_deployment(live_kube: KubeServer) -> None:
    with rolled_out(live_kube) as kubelet:
        names = {pod["metadata"]["name"] for pod in kubelet.pods()}
        answers = {
            HttpClient(port, address=host_address()).send().upstream for port in ready(live_kube)
        }
        assert answers == names


def test_a_rolling_update_lets_endpoints_serve_until_their_pods_may_stop(
    live_kube: KubeServer,
) -> None:
    stopped: set[str] = set()

    def may_stop(pod: Json) -> bool:
        return pod["metadata"]["name"] in stopped

    with rolled_out(live_kube, may_stop) as kubelet:
        old = {pod["metadata"]["name"] for pod in kubelet.pods()}
        live_kube.apply(deployment("runtime:2"))

        eventually(
            lambda: len(terminating(live_kube)) == REPLICAS and len(ready(live_kube)) == REPLICAS,
            what="the new Pods are ready, the old ones still serve",
        )
        for port in terminating(live_kube):
            assert HttpClient(port, address=host_address()).send().upstream in old
        stopped |= old

        eventually(lambda: images(kubelet.pods()) == ["runtime:2"] * REPLICAS)
        eventually(lambda: not terminating(live_kube), what="the old endpoints are gone")
        assert len(ready(live_kube)) == REPLICAS


def test_a_deleted_namespace_goes_with_all_that_is_in_it(live_kube: KubeServer) -> None:
    with rolled_out(live_kube):
        live_kube.delete(NAMESPACE)
        eventually(lambda: gone(live_kube, NAMESPACE), what="the namespace is gone", seconds=60)


def test_pods_go_with_their_deployment(live_kube: KubeServer) -> None:
    with rolled_out(live_kube) as kubelet:
        live_kube.delete(deployment("runtime:1"))
        eventually(lambda: kubelet.pods() == [], what="the Pods are gone")
        eventually(lambda: endpoints(live_kube) == [], what="the endpoints are gone")


def test_pods_and_controllers_outlast_the_api_server(live_kube: KubeServer) -> None:
    with rolled_out(live_kube) as kubelet:
        ports = ready(live_kube)
        live_kube.kill()
        for port in ports:
            assert HttpClient(port, address=host_address()).send().ok
        live_kube.start()
        live_kube.apply(deployment("runtime:2"))
        eventually(lambda: images(kubelet.pods()) == ["runtime:2"] * REPLICAS, seconds=60)


def gone(kube: KubeServer, item: Json) -> bool:
    try:
        kube.read(item)
    except KubeError as error:
        return error.status == 404
    return False
