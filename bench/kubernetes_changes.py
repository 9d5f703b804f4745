"""Many Pods change at once, and a relist.

1,000 Pods change: they are written into etcd, because by request it would take seconds, and the API
server passes them on as fast as it can.

- *labels*: each gets another model. The Pods are those of a hundred services, as in a rollout; each
  is also behind nine neighbours of its service.
- *labels all over*: every tenth Pod, so that all services change with 100,000 endpoints.
- *heartbeats*: a condition's time and an annotation change, which no config needs.
- *CPU* is the control plane's until it is idle again, *longest turn* the CPU time of the longest
  turn of its event loop in this time (:mod:`bench.loop_watch`).

Relist: while the control plane is halted, one Pod gets a heartbeat, etcd forgets its history, and
the API server restarts. The control plane reconnects, is told that its versions are too old (410),
and lists everything again. *resources sent* are by its log.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Sequence

from bench.cluster import MODELS, PODS, Json, merged, pod_list, pods_now, writing_pods
from bench.figures import Figure, waiting
from bench.kubernetes_plane import WatchedPlane
from tests.support.kube import KubeServer
from tests.support.kube_client import KubeError

_COUNT = 1_000
_NEIGHBOURS = range(_COUNT)
_ALL_OVER = range(0, PODS, PODS // _COUNT)
_TARGET_CPU_SECONDS = 0.4
_TARGET_TURN_MILLISECONDS = 20.0


def measure(plane: WatchedPlane) -> dict[str, list[Figure]]:
    """Measure all changes, then the relist; return the parts of the table."""
    with waiting("Reading the Pods"):
        pods = pods_now(plane.kube, {*_NEIGHBOURS, *_ALL_OVER})

    def changes(indexes: Sequence[int], how: Callable[[int], Json]) -> list[Json]:
        for index in indexes:
            pods[index] = merged(pods[index], how(index))
        return writing_pods([pods[index] for index in indexes])

    return {
        f"{_COUNT:,} Pods change: labels": _burst(
            plane, changes(_NEIGHBOURS, _other_model), has_targets=True
        ),
        f"{_COUNT:,} Pods change: heartbeats": _burst(
            plane, changes(_NEIGHBOURS, _heartbeat), has_targets=True
        ),
        f"{_COUNT:,} Pods change: labels all over": _burst(
            plane, changes(_ALL_OVER, _other_model), has_targets=False
        ),
        "Relist after a 410, with nothing changed": _relist(
            plane, changes(_NEIGHBOURS[:1], _heartbeat)
        ),
    }


def _burst(plane: WatchedPlane, transactions: Sequence[Json], *, has_targets: bool) -> list[Figure]:
    plane.quiet()
    cpu, sent, began, since = plane.cpu_seconds, plane.sent(), time.monotonic(), time.time()
    for each in transactions:
        plane.kube.commit(each)
    written = time.monotonic() - began
    plane.quiet()
    turn = plane.longest_turn(since) * 1000
    return [
        Figure(
            "CPU of the control plane",
            plane.cpu_seconds - cpu,
            "s",
            _TARGET_CPU_SECONDS if has_targets else None,
        ),
        Figure(
            "longest turn of its event loop",
            turn,
            "ms",
            _TARGET_TURN_MILLISECONDS if has_targets else None,
        ),
        Figure("resources sent", plane.sent() - sent, ""),
        Figure("(written within)", written, "s"),
    ]


def _relist(plane: WatchedPlane, transactions: Sequence[Json]) -> list[Figure]:
    kube, control_plane = plane.kube, plane.running.control_plane
    plane.quiet()
    sent, listed = plane.sent(), _version(kube)
    control_plane.signal(signal.SIGSTOP)
    try:
        with waiting("Restarting the API server"):
            for each in transactions:
                kube.commit(each)
            kube.compact()
            kube.stop()
            kube.start()
        _check_expired(kube, listed)
        cpu, since = plane.cpu_seconds, time.time()
    finally:
        control_plane.signal(signal.SIGCONT)
    with waiting("Relisting"):
        plane.quiet_after_work()
    return [
        Figure("resources sent", plane.sent() - sent, "", 0.0),
        Figure("CPU of the control plane", plane.cpu_seconds - cpu, "s"),
        Figure("longest turn of its event loop", plane.longest_turn(since) * 1000, "ms"),
    ]


def _version(kube: KubeServer) -> str:
    return str(pod_list(kube, limit=1)["metadata"]["resourceVersion"])


def _check_expired(kube: KubeServer, version: str) -> None:
    """Raise RuntimeError unless a watch from a version is refused: else nothing relists."""
    try:
        with kube.watch("/api/v1/pods", resourceVersion=version, timeoutSeconds="1") as events:
            codes = [event["object"].get("code") for event in events]
    except KubeError as error:
        codes = [error.status]
    if codes[:1] != [410]:
        raise RuntimeError(f"the API server still has the version {version}: {codes}")


def _other_model(index: int) -> Json:
    return {"metadata": {"labels": {"model": f"model-{index % MODELS}-of-{time.monotonic_ns()}"}}}


def _heartbeat(_index: int) -> Json:
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    types = ("PodScheduled", "Initialized", "ContainersReady", "Ready")
    conditions = [
        {"type": each, "status": "True", "lastProbeTime": now, "lastTransitionTime": now}
        for each in types
    ]
    annotations = {"example.com/heartbeat": str(time.time())}
    return {"metadata": {"annotations": annotations}, "status": {"conditions": conditions}}
