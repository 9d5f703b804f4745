"""Two replicas, one leader: only it writes, and the other takes over."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from straightway.schemas import definitions
from tests.support.cluster_control_plane import ClusterControlPlane
from tests.support.kube import KubeServer
from tests.support.objects import virtual_service
from tests.support.waiting import eventually

Json = dict[str, Any]
OK = [{"directResponse": {"status": 200}}]
TAKEN_OVER = 30.0
"""A Lease is respected for 15 s after its last renewal."""


@pytest.fixture
def replicas(
    kube: KubeServer, namespace: str, tmp_path: Path
) -> Iterator[tuple[ClusterControlPlane, ClusterControlPlane]]:
    kube.install_crds(definitions())
    with ExitStack() as stack:
        made = [ClusterControlPlane(kube, namespace, tmp_path, name=name) for name in ("a", "b")]
        for each in made:
            stack.callback(each.close)
            each.start()
            eventually(lambda each=each: each.logs("config in force"))  # type: ignore[misc]
        yield made[0], made[1]


def lease(kube: KubeServer, namespace: str) -> Json:
    root = "/apis/coordination.k8s.io/v1"
    found: Json = kube.request("GET", f"{root}/namespaces/{namespace}/leases/straightway-leader")
    return found["spec"]  # type: ignore[no-any-return]


def accepted(kube: KubeServer, item: Json) -> bool:
    """Whether the newest generation of an object is accepted."""
    body = kube.read(item)
    status = body.get("status", {})
    return str(status.get("observedGeneration")) == str(body["metadata"]["generation"])


@pytest.mark.long
def test_a_killed_leader_is_followed_by_the_other(
    kube: KubeServer, namespace: str, replicas: tuple[ClusterControlPlane, ClusterControlPlane]
) -> None:
    first, second = replicas
    eventually(lambda: first.logs("leading"), what="the first leads")
    routes = virtual_service("routes", namespace, OK)
    kube.apply(routes)
    eventually(lambda: accepted(kube, routes), what="a status")
    assert not second.logs("leading")

    first.kill()
    kube.apply(virtual_service("routes", namespace, [{**OK[0], "timeout": "1s"}]))
    eventually(lambda: second.logs("leading"), what="the second leads", seconds=TAKEN_OVER)
    eventually(lambda: accepted(kube, routes), what="a status by the second")
    assert lease(kube, namespace)["leaseTransitions"] == 1

    # The first comes back, and leaves the lead to the second.
    first.start()
    eventually(lambda: first.logs("config in force"))
    kube.apply(virtual_service("routes", namespace, [{**OK[0], "timeout": "2s"}]))
    eventually(lambda: accepted(kube, routes), what="a status by the second")
    assert lease(kube, namespace)["leaseTransitions"] == 1


def test_a_leader_that_ends_hands_over_at_once(
    kube: KubeServer, namespace: str, replicas: tuple[ClusterControlPlane, ClusterControlPlane]
) -> None:
    first, second = replicas
    eventually(lambda: first.logs("leading"), what="the first leads")
    first.stop()
    # Without waiting for the Lease to expire.
    eventually(lambda: second.logs("leading"), what="the second leads", seconds=10)


def test_a_new_leader_writes_nothing_that_is_there_already(
    kube: KubeServer, namespace: str, replicas: tuple[ClusterControlPlane, ClusterControlPlane]
) -> None:
    first, second = replicas
    routes = [virtual_service(f"routes-{number}", namespace, OK) for number in range(20)]
    kube.apply(*routes)
    for each in routes:
        eventually(lambda each=each: accepted(kube, each))  # type: ignore[misc]
    before = [kube.read(each)["metadata"]["resourceVersion"] for each in routes]
    first.stop()
    eventually(lambda: second.logs("leading"), what="the second leads")
    late = virtual_service("late", namespace, OK)
    kube.apply(late)
    eventually(lambda: accepted(kube, late), what="a status by the second")
    assert [kube.read(each)["metadata"]["resourceVersion"] for each in routes] == before
