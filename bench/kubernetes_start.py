"""The start over a large cluster, until a gateway holds everything.

- *Envoy holds everything*: the clock starts with the process of ``straightway serve --kubernetes``
  and stops when Envoy listens, with all clusters warmed, all endpoints and all virtual hosts
  (checked after the clock has stopped). Envoy is already running with an open connection.
- *CPU* and memory are the control plane's at that moment, but for *memory afterwards*; the CPU of
  the API server (without etcd) and of Envoy is what each used in the same time.
- *config in force* and *all sent*: from the control plane's log, on the same clock. The rest of the
  time passes in Envoy.
- *a bare client has all lists*: the same streamed lists in the same form (Kubernetes' own kinds as
  protobuf, all others as JSON), received by a client that does nothing with the bytes. No control
  plane could hold everything earlier; its CPU is that of TLS.
"""

from __future__ import annotations

import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPResponse
from statistics import median

from bench.figures import Figure, in_steps
from bench.kubernetes_plane import Cluster, wait_for_everything
from bench.machine import Machine
from bench.usage import exact_cpu_seconds, peak_mebibytes, resident_mebibytes
from straightway.kubernetes.resources import RESOURCES, Resource
from tests.support.kube import KubeServer
from tests.support.kube_credentials import ADMIN_TOKEN

STARTS = 3
_TARGET_SECONDS = 6.0
_TARGET_CPU_SECONDS = 4.0
_TARGET_MEBIBYTES = 300.0
_LIMIT_SECONDS = 120.0
_PAUSE_SECONDS = 0.1
_CHUNK = 1 << 20
_LIST = "?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=1"
_ENDS = (b'"k8s.io/initial-events-end":"true"', b"k8s.io/initial-events-end\x12\x04true")
"""The mark at the end of a list: as JSON, and as protobuf."""


@dataclass(frozen=True, slots=True)
class _Start:
    """One start: seconds since the start of the process, and what it took."""

    in_force: float
    sent: float
    held: float
    cpu: float
    server_cpu: float
    envoy_cpu: float
    peak: float
    afterwards: float


@dataclass(frozen=True, slots=True)
class _Receipt:
    """What receiving all lists took."""

    seconds: float
    cpu: float
    server_cpu: float
    mebibytes: float


def measure(cluster: Cluster) -> list[Figure]:
    """Start so often, and return the medians."""
    receipts, starts = [], []
    for _ in in_steps(range(STARTS), "Starts over a large cluster"):
        receipts.append(_receive_all(cluster.kube))
        with cluster.plane() as running:
            starts.append(_start(cluster, running))

    def middle(part: Callable[[_Start], float]) -> float:
        return median(map(part, starts))

    def bare(part: Callable[[_Receipt], float]) -> float:
        return median(map(part, receipts))

    return [
        Figure("Envoy holds everything", middle(lambda s: s.held), "s", _TARGET_SECONDS),
        Figure("the fastest start", min(start.held for start in starts), "s"),
        Figure("CPU of the control plane", middle(lambda s: s.cpu), "s", _TARGET_CPU_SECONDS),
        Figure("peak memory", middle(lambda s: s.peak), "MiB", _TARGET_MEBIBYTES),
        Figure("memory afterwards", middle(lambda s: s.afterwards), "MiB"),
        Figure("config in force after", middle(lambda s: s.in_force), "s"),
        Figure("all sent after", middle(lambda s: s.sent), "s"),
        Figure("CPU of the API server meanwhile", middle(lambda s: s.server_cpu), "s"),
        Figure("CPU of Envoy meanwhile", middle(lambda s: s.envoy_cpu), "s"),
        Figure("a bare client has all lists after", bare(lambda r: r.seconds), "s"),
        Figure("(its CPU)", bare(lambda r: r.cpu), "s"),
        Figure("(CPU of the API server meanwhile)", bare(lambda r: r.server_cpu), "s"),
        Figure("(size of the lists)", bare(lambda r: r.mebibytes), "MiB"),
    ]


def _start(cluster: Cluster, running: Machine) -> _Start:
    pid, envoy, server = running.control_plane.pid, running.envoy.pid, cluster.kube.pid
    server_before, envoy_before = exact_cpu_seconds(server), exact_cpu_seconds(envoy)
    held = running.wait_for_port(cluster.port)
    cpu, peak = exact_cpu_seconds(pid), peak_mebibytes(pid)
    server_cpu = exact_cpu_seconds(server) - server_before
    envoy_cpu = exact_cpu_seconds(envoy) - envoy_before
    wait_for_everything(running)
    return _Start(
        in_force=running.logged("config in force")[0] - running.started,
        sent=running.logged("pushed")[-1] - running.started,
        held=held - running.started,
        cpu=cpu,
        server_cpu=server_cpu,
        envoy_cpu=envoy_cpu,
        peak=peak,
        afterwards=resident_mebibytes(pid),
    )


def _receive_all(kube: KubeServer) -> _Receipt:
    """Receive the list of each kind, all at the same time as a control plane does."""
    resources = [resource for resource in RESOURCES if resource.versions]
    server_before, cpu_before = exact_cpu_seconds(kube.pid), time.process_time()
    began = time.monotonic()
    with ThreadPoolExecutor(len(resources)) as threads:
        received = sum(threads.map(lambda resource: _receive(kube, resource), resources))
    return _Receipt(
        seconds=time.monotonic() - began,
        cpu=time.process_time() - cpu_before,
        server_cpu=exact_cpu_seconds(kube.pid) - server_before,
        mebibytes=received / 2**20,
    )


def _receive(kube: KubeServer, resource: Resource) -> int:
    """Receive a streamed list up to the mark at its end; return how many bytes came."""
    headers = {"Authorization": f"Bearer {ADMIN_TOKEN}", "Accept": resource.accept}
    path = resource.path(resource.versions[0])
    request = urllib.request.Request(f"{kube.url}{path}{_LIST}", headers=headers)
    tls = ssl.create_default_context(cafile=str(kube.credentials.ca))
    received, tail = 0, b""
    with _opened(request, tls) as response:
        while not any(end in tail for end in _ENDS):
            chunk = response.read1(_CHUNK)
            if not chunk:
                raise RuntimeError(f"the list of {resource} ended early")
            received += len(chunk)
            # The mark may come in two chunks.
            tail = tail[-max(map(len, _ENDS)) :] + chunk
    return received


def _opened(request: urllib.request.Request, tls: ssl.SSLContext) -> HTTPResponse:
    """Send a request, again while the server is not ready for it (429).

    It is so for a moment when a kind is asked for the first time.
    """
    while True:
        try:
            response: HTTPResponse = urllib.request.urlopen(
                request, timeout=_LIMIT_SECONDS, context=tls
            )
        except urllib.error.HTTPError as error:
            if error.code != HTTPStatus.TOO_MANY_REQUESTS:
                raise
            time.sleep(_PAUSE_SECONDS)
        else:
            return response
