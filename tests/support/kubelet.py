"""Plays the scheduler and the kubelet: Pods start, become ready, and end gracefully."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from contextlib import ExitStack, suppress
from types import TracebackType
from typing import Protocol, Self

from tests.support.host_address import host_address
from tests.support.kube import KubeServer
from tests.support.kube_client import Json, KubeError
from tests.support.pod_ports import container_port, own_ports

NODE: Json = {
    "apiVersion": "v1",
    "kind": "Node",
    "metadata": {
        "name": "node-1",
        "labels": {
            "topology.kubernetes.io/region": "region-1",
            "topology.kubernetes.io/zone": "zone-1",
        },
    },
}
_PAUSE = 0.05


class Program(Protocol):
    """What a Pod runs."""

    def close(self) -> None: ...


class Kubelet:
    """Runs the Pods of a namespace while the context is open.

    `run` starts a Pod's program: with the Pod's name, at an address of this machine and a port of
    the Pod's own. A deleted Pod serves on until `may_stop` allows its end, as a preStop hook would;
    its program is closed then, and the Pod goes.
    """

    def __init__(
        self,
        kube: KubeServer,
        namespace: str,
        run: Callable[[str, str, int], Program],
        *,
        may_stop: Callable[[Json], bool] = lambda _: True,
    ) -> None:
        self._kube = kube
        self._pods = f"/api/v1/namespaces/{namespace}/pods"
        self._run = run
        self._may_stop = may_stop
        self._address = host_address()
        self._programs: dict[str, Program] = {}
        self._ports = own_ports(kube, namespace)
        self._stack = ExitStack()
        self._end = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._loop, name="kubelet", daemon=True)

    def __enter__(self) -> Self:
        # EndpointSlices get their zones from the node; without it, a Pod is in none.
        self._kube.apply(NODE)
        self._stack.enter_context(self._ports)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end.set()
        self._thread.join()
        with self._stack:
            for program in self._programs.values():
                program.close()
        if self._failure is not None:
            raise self._failure

    def pods(self) -> list[Json]:
        """The Pods of the namespace as they are now."""
        items: list[Json] = self._kube.request("GET", self._pods)["items"]
        return items

    def _loop(self) -> None:
        try:
            while not self._end.wait(_PAUSE):
                # Without an API server, Pods run on as they are.
                with suppress(OSError):
                    for pod in self.pods():
                        self._step(pod)
        except BaseException as failure:  # noqa: BLE001 - the test's thread raises it
            self._failure = failure

    def _step(self, pod: Json) -> None:
        """Take a Pod one step further in its life."""
        try:
            if "deletionTimestamp" in pod["metadata"]:
                if self._may_stop(pod):
                    self._finish(pod)
            elif "nodeName" not in pod["spec"]:
                self._bind(pod)
            elif pod["status"]["phase"] == "Pending":
                self._begin(pod)
        except KubeError as error:
            # It was deleted or changed meanwhile: the next round sees it.
            if error.status not in (404, 409):
                raise

    def _bind(self, pod: Json) -> None:
        binding = {
            "apiVersion": "v1",
            "kind": "Binding",
            "metadata": {"name": pod["metadata"]["name"]},
            "target": {"apiVersion": "v1", "kind": "Node", "name": NODE["metadata"]["name"]},
        }
        self._kube.request("POST", f"{self._path(pod)}/binding", binding)

    def _begin(self, pod: Json) -> None:
        uid = pod["metadata"]["uid"]
        if uid not in self._programs:
            name, port = pod["metadata"]["name"], container_port(pod)
            self._programs[uid] = self._run(name, self._address, port)
        self._kube.set_status(with_kind(pod), running(pod, self._address))

    def _finish(self, pod: Json) -> None:
        uid = pod["metadata"]["uid"]
        if program := self._programs.pop(uid, None):
            program.close()
        now = {"gracePeriodSeconds": 0, "preconditions": {"uid": uid}}
        self._kube.request("DELETE", self._path(pod), now)

    def _path(self, pod: Json) -> str:
        return f"{self._pods}/{pod['metadata']['name']}"


def with_kind(pod: Json) -> Json:
    """A Pod of a list, with what only the list says."""
    return {"apiVersion": "v1", "kind": "Pod", **pod}


def running(pod: Json, address: str, *, ready: bool = True) -> Json:
    """The status that a kubelet writes for a Pod that runs."""
    now = dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    state = "True" if ready else "False"
    containers = [
        {
            "name": container["name"],
            "image": container["image"],
            "imageID": "",
            "ready": ready,
            "restartCount": 0,
            "started": True,
            "state": {"running": {"startedAt": now}},
        }
        for container in pod["spec"]["containers"]
    ]
    return {
        "phase": "Running",
        "podIP": address,
        "podIPs": [{"ip": address}],
        "startTime": now,
        "containerStatuses": containers,
        "conditions": [
            {"type": "PodScheduled", "status": "True", "lastTransitionTime": now},
            {"type": "Initialized", "status": "True", "lastTransitionTime": now},
            {"type": "ContainersReady", "status": state, "lastTransitionTime": now},
            {"type": "Ready", "status": state, "lastTransitionTime": now},
        ],
    }
