"""Cold start: from the start of the control plane's process until Envoy holds a large config.

The config has 1,000 services with 10 endpoints each, 1,000 VirtualServices with one host each on
one gateway, and 1,000 DestinationRules with a dynamic subset. It is measured twice: with the
endpoints in EndpointSlices, and in WorkloadEntries with labels. See :mod:`bench.config`.

How to read the table:

- *Envoy holds everything*: the clock starts with the process of ``straightway serve`` and stops
  when Envoy listens, with all clusters warmed, all endpoints and all virtual hosts (checked after
  the clock has stopped). Envoy is already running with an open connection, so neither its startup
  nor its retry backoff counts. Files are in the page cache, and Python's bytecode is compiled.
- *listens*, *config in force*, *sent*: from the control plane's log, on the same clock.
- *peak memory* (VmHWM) and *CPU* are those of the control plane. CPU time is comparable between
  busy and idle machines.
- Rows in brackets show the same work stage by stage in a separate process (:mod:`bench.stages`).
  Each figure is the median of several starts; *the fastest start* shows how much of it is due to a
  busy machine.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from rich.table import Table

from bench.config import Endpoints, write_config
from bench.figures import Figure, in_steps, table
from bench.machine import LIMIT_SECONDS, Machine, machine
from bench.usage import cpu_seconds, peak_mebibytes
from tests.support.control_plane import ControlPlane
from tests.support.ports import free_port
from tests.support.waiting import eventually

SERVICES = 1000
ENDPOINTS = 10
_STARTS = 5
_TARGET_SECONDS = 2.0
_TARGET_MEBIBYTES = 300.0
_STAGES = {
    "imports": "imports",
    "YAML": "YAML into plain data",
    "validation": "validation into objects",
    "catalog": "catalog",
    "translation": "translation and encoding",
    "checks": "checks between objects",
}


@dataclass(frozen=True, slots=True)
class Start:
    """One cold start: seconds since the start of the process, and its resource usage."""

    listening: float
    in_force: float
    sent: float
    held: float
    cpu: float
    mebibytes: float


def run() -> Table:
    """Measure and return the table."""
    title = (
        f"Cold start: {SERVICES:,} services with {ENDPOINTS} endpoints each, "
        f"{SERVICES:,} VirtualServices and DestinationRules"
    )
    caption = f"Median of {_STARTS} starts. In brackets: the same work in a separate process."
    return table(title, {f"{kind}": _measure(kind) for kind in Endpoints}, caption)


def seconds_until_held(kind: Endpoints, starts: int) -> list[float]:
    """Start so often; return the seconds until Envoy held everything."""
    with TemporaryDirectory(prefix="straightway-bench-") as folder:
        port = free_port()
        config = write_config(
            Path(folder) / "config", kind, port=port, services=SERVICES, endpoints=ENDPOINTS
        )
        seconds = []
        for _ in range(starts):
            with machine(partial(ControlPlane, config)) as running:
                seconds.append(running.wait_for_port(port) - running.started)
                _wait_for_everything(running)
        return seconds


def _measure(kind: Endpoints) -> list[Figure]:
    with TemporaryDirectory(prefix="straightway-bench-") as folder:
        port = free_port()
        config = write_config(
            Path(folder) / "config", kind, port=port, services=SERVICES, endpoints=ENDPOINTS
        )
        starts, stages = [], []
        for _ in in_steps(range(_STARTS), f"Cold starts with {kind}"):
            stages.append(_stages(config.path))
            with machine(partial(ControlPlane, config)) as running:
                starts.append(_start(running, port))

    def middle(part: Callable[[Start], float]) -> float:
        return median(map(part, starts))

    return [
        Figure("Envoy holds everything", middle(lambda s: s.held), "s", _TARGET_SECONDS),
        Figure("the fastest start", min(start.held for start in starts), "s"),
        Figure("peak memory", middle(lambda s: s.mebibytes), "MiB", _TARGET_MEBIBYTES),
        Figure("CPU of the control plane", middle(lambda s: s.cpu), "s"),
        Figure("the control plane listens after", middle(lambda s: s.listening), "s"),
        Figure("config in force after", middle(lambda s: s.in_force), "s"),
        Figure("all sent after", middle(lambda s: s.sent), "s"),
        *(
            Figure(f"({text})", median(each[stage] for each in stages), "s")
            for stage, text in _STAGES.items()
        ),
    ]


def _start(running: Machine, port: int) -> Start:
    held = running.wait_for_port(port)
    cpu = cpu_seconds(running.control_plane.pid)
    _wait_for_everything(running)
    return Start(
        listening=running.logged("listening")[0] - running.started,
        in_force=running.logged("config in force")[0] - running.started,
        sent=running.logged("pushed")[-1] - running.started,
        held=held - running.started,
        cpu=cpu,
        mebibytes=peak_mebibytes(running.control_plane.pid),
    )


def _wait_for_everything(running: Machine) -> None:
    eventually(lambda: _is_complete(running), what="all of the config", seconds=LIMIT_SECONDS)


def _is_complete(running: Machine) -> bool:
    envoy = running.envoy
    members = envoy.stats(r"^cluster\.outbound.*\.membership_total$")
    hosts = sum(len(route["virtual_hosts"]) for route in envoy.routes.values())
    return (
        len(members) == hosts == SERVICES
        and sum(members.values()) == SERVICES * ENDPOINTS
        and envoy.stat("cluster_manager.warming_clusters") == 0
        and envoy.stat("listener_manager.total_listeners_active") == 1
    )


def _stages(folder: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "bench.stages", str(folder)]
    printed = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    seconds: dict[str, float] = json.loads(printed)
    return seconds
