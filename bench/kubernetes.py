"""A large cluster: the start, a Pod's label, many Pods at once, and a relist.

A real API server with its etcd runs on this machine, over 10,000 Pods of 12 KB, 1,000 services with
10 EndpointSlices of 10 endpoints each, 1,000 VirtualServices and 1,000 DestinationRules
(:mod:`bench.cluster`), with the CRDs of ``deploy/crds``. One gateway Envoy follows all of it. Each
module explains its rows: :mod:`bench.kubernetes_start`, :mod:`bench.kubernetes_label`,
:mod:`bench.kubernetes_changes`.

API server, etcd, control plane, Envoy and the benchmark share the CPUs. Where the machine has two
of them, seconds include waiting for each other: trust CPU time, and what is said to be beyond the
API server's own time. The CPU of the control plane is that of its process's clock.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.table import Table

from bench import kubernetes_changes, kubernetes_label, kubernetes_start
from bench.cluster import ENDPOINTS, PODS, SERVICES, SLICES, fill
from bench.figures import table, waiting
from bench.kubernetes_plane import Cluster
from straightway.schemas import definitions
from tests.support.kube import KubeServer
from tests.support.ports import free_port


def run() -> Table:
    """Measure and return the table."""
    with _cluster() as cluster:
        parts = {f"Start, median of {kubernetes_start.STARTS}": kubernetes_start.measure(cluster)}
        with cluster.watched_plane() as plane:
            parts["A Pod's label is patched"] = kubernetes_label.measure(plane)
            parts |= kubernetes_changes.measure(plane)
    title = (
        f"Kubernetes: {PODS:,} Pods, {SERVICES * SLICES:,} EndpointSlices with {ENDPOINTS} "
        f"endpoints, {SERVICES:,} services, VirtualServices and DestinationRules"
    )
    caption = (
        "API server, etcd, control plane, Envoy and the benchmark share this machine, so seconds "
        "include their waiting for each other; CPU time does not."
    )
    return table(title, parts, caption)


@contextmanager
def _cluster() -> Iterator[Cluster]:
    with ExitStack() as stack:
        folder = stack.enter_context(TemporaryDirectory(prefix="straightway-bench-"))
        kube = stack.enter_context(closing(KubeServer(Path(folder))))
        with waiting("Starting the API server"):
            kube.start()
            kube.install_crds(definitions())
        port = free_port()
        fill(kube, port)
        yield Cluster(kube, port)
