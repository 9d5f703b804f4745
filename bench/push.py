"""Cost of a push: one label changes repeatedly in the large config of the cold start.

How to read the table:

- *CPU per push*: CPU time of the control plane's process over all changes, minus its idle usage,
  divided by the number of changes. Each change follows the push of the previous one.
- *bytes beyond the assignment*: the bytes on the TCP connection to Envoy, including HTTP/2 and
  gRPC, minus the size of the one ClusterLoadAssignment (as a ``google.protobuf.Any``).
"""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from statistics import mean
from tempfile import TemporaryDirectory

from rich.table import Table

from bench.cold import ENDPOINTS, SERVICES
from bench.config import (
    SELECTOR,
    Endpoints,
    cluster_name,
    service_file,
    workloads_file,
    workloads_text,
    write_config,
)
from bench.figures import Figure, in_steps, percentile, table, waiting
from bench.machine import Machine, machine
from bench.usage import cpu_seconds
from straightway.offline.dump import resources_for
from straightway.offline.review import review
from straightway.proxies.audience import Audience, Role
from straightway.sources.folder_reader import read_path
from tests.support.config_folder import ConfigFolder
from tests.support.control_plane import ControlPlane
from tests.support.ports import free_port
from tests.support.waiting import eventually

_CHANGES = 50
_IDLE_SECONDS = 10.0
_TARGET_MILLISECONDS = 10.0
_TARGET_BYTES = 2048.0


def run() -> Table:
    """Measure and return the table."""
    with TemporaryDirectory(prefix="straightway-bench-") as folder:
        port = free_port()
        config = write_config(
            Path(folder) / "config",
            Endpoints.WORKLOADS,
            port=port,
            services=SERVICES,
            endpoints=ENDPOINTS,
        )
        with machine(partial(ControlPlane, config)) as running:
            running.wait_for_port(port)
            figures = _measure(running, config)
    title = f"One label changed among {SERVICES:,} services with {ENDPOINTS} WorkloadEntries each"
    return table(title, {"": figures}, f"{_CHANGES} changes, one at a time.")


def _measure(running: Machine, config: ConfigFolder) -> list[Figure]:
    control_plane = running.control_plane
    with waiting("CPU when idle"):
        before = cpu_seconds(control_plane.pid)
        time.sleep(_IDLE_SECONDS)
        idle = (cpu_seconds(control_plane.pid) - before) / _IDLE_SECONDS
    pushes = len(control_plane.logs("pushed"))
    passed = running.gate.passed
    before, began = cpu_seconds(control_plane.pid), time.time()
    seconds = [
        _change(running, config, change, pushes + change)
        for change in in_steps(range(_CHANGES), "Changes of a label")
    ]
    used = cpu_seconds(control_plane.pid) - before - idle * (time.time() - began)
    lines = control_plane.logs("pushed")[pushes:]
    assignment = _assignment_bytes(config)
    over = (running.gate.passed - passed) / _CHANGES - assignment
    return [
        Figure("CPU per push", used / _CHANGES * 1000, "ms", _TARGET_MILLISECONDS),
        Figure("bytes beyond the assignment", over, "B", _TARGET_BYTES),
        Figure("responses per change", len(lines) / _CHANGES, ""),
        Figure("resources per response", mean(line["resources"] for line in lines), ""),
        Figure("the ClusterLoadAssignment", assignment, "B"),
        Figure("change to push, p50", percentile(seconds, 0.5) * 1000, "ms"),
        Figure("change to push, p99", percentile(seconds, 0.99) * 1000, "ms"),
        Figure("CPU when idle", idle * 1000, "ms/s"),
    ]


def _change(running: Machine, config: ConfigFolder, change: int, pushes: int) -> float:
    """Change a label, and return the seconds until the push."""
    service = change * (SERVICES // _CHANGES)
    text = workloads_text(service, ENDPOINTS, first_model="model-changed")
    changed = time.time()
    config.write(workloads_file(service), text)
    eventually(lambda: len(running.control_plane.logs("pushed")) > pushes, what="the push")
    return running.logged("pushed")[pushes] - changed


def _assignment_bytes(config: ConfigFolder) -> int:
    """Return the size of a changed assignment, built from the files of one service."""
    names = ("gateway.yaml", service_file(0), workloads_file(0))
    bundles = [bundle for name in names for bundle in read_path(config.path / name)]
    audience = Audience(Role.GATEWAY, "istio-system", tuple(SELECTOR.items()))
    assignments = resources_for(review(bundles).catalog, audience)["endpoint"]
    return next(len(each.body) for each in assignments if each.name == cluster_name(0))
