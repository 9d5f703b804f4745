"""From the event of a Pod's label until a real Envoy routes by it.

In a namespace of its own, two Pods with real upstreams take turns: one of them gets a new model by
a PATCH of its label, while one connection sends requests for that model through Envoy, one at a
time. No other Pod may answer them (NO_FALLBACK), so the first success is the first request that was
routed by the label. A bare watch in the benchmark's process sees when the API server reports the
change.

- *beyond the event*: from when the bare watch has the event until the first success.
- *patch to event*: from just before the PATCH until then: the API server's own time.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from queue import SimpleQueue

from bench import label
from bench.figures import Figure, in_steps
from bench.kubernetes_plane import WatchedPlane
from tests.support.host_address import host_address
from tests.support.http import HttpClient
from tests.support.kube import KubeServer
from tests.support.kube_client import MERGE_PATCH, Json
from tests.support.ports import free_port
from tests.support.upstreams import HttpUpstream

_NAMESPACE = "labels"
_CHANGES = 100
_TARGETS = {0.5: 40.0, 0.99: 120.0}
_PAUSE_SECONDS = (0.05, 0.15)
_LIMIT_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class _Pods:
    """Two Pods behind Envoy, and when the API server told of their models."""

    plane: WatchedPlane
    client: HttpClient
    names: Sequence[str]
    told: SimpleQueue[tuple[str, float]]
    patching: Executor


def measure(plane: WatchedPlane) -> list[Figure]:
    """Measure changes, one at a time."""
    with _two_pods(plane) as pods:
        measured = [
            _change(pods, number)
            for number in in_steps(range(_CHANGES), "Changes of a Pod's label")
        ]
    return [
        *label.percentiles("beyond the event", [beyond for beyond, _ in measured], _TARGETS),
        *label.percentiles("patch to event", [event for _, event in measured], {}),
    ]


def _change(pods: _Pods, number: int) -> tuple[float, float]:
    """Make a change; return the seconds from its event to the first routed request, and to it."""
    model = f"model-{number}"
    # Changes in step with the control plane's own timers would always measure the same case.
    time.sleep(random.uniform(*_PAUSE_SECONDS))
    changed = time.monotonic()
    patched = pods.patching.submit(
        _patch_model, pods.plane.kube, pods.names[number % len(pods.names)], model
    )
    while not pods.client.send(headers={"model": model}).ok:
        pods.plane.running.control_plane.check_running()
        if time.monotonic() - changed > _LIMIT_SECONDS:
            tail = pods.plane.running.control_plane.tail()
            raise TimeoutError(f"no route to {model}:\n{tail}")
    routed = time.monotonic()
    patched.result()
    told = _when_told(pods, model)
    return routed - told, told - changed


def _when_told(pods: _Pods, model: str) -> float:
    while True:
        told, when = pods.told.get(timeout=_LIMIT_SECONDS)
        if told == model:
            return when


def _patch_model(kube: KubeServer, name: str, model: str) -> None:
    kube.request(
        "PATCH",
        f"/api/v1/namespaces/{_NAMESPACE}/pods/{name}",
        {"metadata": {"labels": {"model": model}}},
        content_type=MERGE_PATCH,
    )


@contextmanager
def _two_pods(plane: WatchedPlane) -> Iterator[_Pods]:
    kube, port, address = plane.kube, free_port(), host_address()
    with ExitStack() as stack:
        upstreams = [
            stack.enter_context(closing(HttpUpstream(name, address=address))) for name in "ab"
        ]
        kube.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": _NAMESPACE}})
        kube.apply(*label.routing(_NAMESPACE, port))
        for upstream in upstreams:
            pod, endpoint_slice = _pod(upstream), _slice(upstream, address)
            kube.apply(pod, endpoint_slice)
            kube.set_status(pod, _status(address))
        plane.running.wait_for_port(port)
        client = stack.enter_context(closing(HttpClient(port)))
        patching = stack.enter_context(ThreadPoolExecutor(1))
        told = SimpleQueue[tuple[str, float]]()
        stack.enter_context(_watching(kube, lambda model, when: told.put((model, when))))
        yield _Pods(plane, client, [upstream.name for upstream in upstreams], told, patching)


@contextmanager
def _watching(kube: KubeServer, tell: Callable[[str, float], None]) -> Iterator[None]:
    """Tell of each event's label and time, from a thread."""
    path = f"/api/v1/namespaces/{_NAMESPACE}/pods"
    opened = threading.Event()

    def follow() -> None:
        # The watch begins with the Pods as they are.
        with kube.watch(path, timeout=_LIMIT_SECONDS, timeoutSeconds="600") as events:
            for event in events:
                model = _model_of(event)
                tell(model, time.monotonic())
                opened.set()
                if model == "end":
                    return

    thread = threading.Thread(target=follow, name="bare watch", daemon=True)
    thread.start()
    if not opened.wait(_LIMIT_SECONDS):
        raise TimeoutError("the bare watch does not begin")
    try:
        yield
    finally:
        _patch_model(kube, "a", "end")
        thread.join(_LIMIT_SECONDS)


def _model_of(event: Mapping[str, Json]) -> str:
    return str(event["object"]["metadata"].get("labels", {}).get("model", ""))


def _pod(upstream: HttpUpstream) -> Json:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": upstream.name,
            "namespace": _NAMESPACE,
            "labels": {"app": "runtime", "model": "none"},
        },
        "spec": {
            "containers": [
                {
                    "name": "runtime",
                    "image": "runtime",
                    "ports": [{"name": "http", "containerPort": upstream.port}],
                }
            ]
        },
    }


def _slice(upstream: HttpUpstream, address: str) -> Json:
    target = {"kind": "Pod", "name": upstream.name, "namespace": _NAMESPACE}
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "name": f"runtime-{upstream.name}",
            "namespace": _NAMESPACE,
            "labels": {"kubernetes.io/service-name": "runtime"},
        },
        "addressType": "IPv4",
        "ports": [{"name": "http", "port": upstream.port, "protocol": "TCP"}],
        "endpoints": [{"addresses": [address], "conditions": {"ready": True}, "targetRef": target}],
    }


def _status(address: str) -> Json:
    return {
        "phase": "Running",
        "podIP": address,
        "podIPs": [{"ip": address}],
        "conditions": [{"type": "Ready", "status": "True"}],
    }
