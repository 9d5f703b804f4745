"""Discovery of models: what asking runtimes costs, and how soon Envoy routes by their answers.

The runtimes are played by a process with real sockets (``asked_runtimes``); they answer as Triton
does, once a second each.

How to read the table:

- *CPU* is that of ``straightway serve`` while nothing changes, HTTP included; *CPU per answer* is
  the same per call.
- *changed at once*: in one moment all runtimes of a pool hold another model. *pushes* are those of
  the service's endpoints to the one gateway for each such moment. The last answer is that of the
  last runtime that was asked after the change.
- *loaded*: one runtime of the pool holds another model, at any time within the interval. *routed*
  is the first request for the model that was answered; no other runtime may answer it
  (NO_FALLBACK).
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import mean
from tempfile import TemporaryDirectory
from typing import Any

from rich.table import Table

from bench.asked_runtimes import AskedRuntimes, address_of
from bench.figures import Figure, in_steps, table, waiting
from bench.label import percentiles, routing
from bench.machine import LIMIT_SECONDS, Machine, machine
from bench.usage import exact_cpu_seconds, peak_mebibytes
from tests.support.config_folder import ConfigFolder
from tests.support.control_plane import ControlPlane
from tests.support.http import HttpClient
from tests.support.objects import Object, workload_entry
from tests.support.ports import free_port
from tests.support.waiting import eventually

_NAMESPACE = "models"
_RUNTIMES = 1000
_TOGETHER = 100
_SETTLE_SECONDS = 3.0
_STEADY_SECONDS = 20.0
_BURSTS = 20
_LOADS = 50
_INTERVAL_MS = 1000.0
_TARGET_CPU = 25.0
_TARGET_MEBIBYTES = 200.0
_TARGET_MS = 60.0


@dataclass(frozen=True, slots=True)
class _Pool:
    """Runtimes that are asked, and an Envoy before them."""

    runtimes: AskedRuntimes
    running: Machine
    client: HttpClient


@dataclass(frozen=True, slots=True)
class _Burst:
    """One moment at which all runtimes changed: pushes, and seconds after the last answer."""

    pushes: int
    pushed: float
    routed: float


def run() -> Table:
    """Measure and return the table."""
    with waiting(f"Asking {_RUNTIMES:,} runtimes"):
        steady = _steady()
    with _pool(_TOGETHER) as pool:
        bursts = [_burst(pool, each) for each in in_steps(range(_BURSTS), "All change at once")]
        loads = [_load(pool, each) for each in in_steps(range(_LOADS), "One loads a model")]
    together = [
        Figure("pushes for each, mean", mean(each.pushes for each in bursts), "", 1.0),
        Figure("pushes for each, max", max(each.pushes for each in bursts), ""),
        *percentiles(
            "from the last answer to the push",
            [each.pushed for each in bursts],
            {1.0: _TARGET_MS},
        ),
        *percentiles("from the last answer until routed", [each.routed for each in bursts], {}),
    ]
    parts = {
        f"{_RUNTIMES:,} runtimes, 20 models each, asked every second": steady,
        f"{_TOGETHER} runtimes, all changed at once": together,
        f"a model loaded at one of {_TOGETHER} runtimes": percentiles(
            "from the load until routed", loads, {0.99: _INTERVAL_MS + _TARGET_MS}
        ),
    }
    caption = f"{_BURSTS} changes of all runtimes, {_LOADS} of one, each after the one before."
    return table("Discovery of models", parts, caption)


def _steady() -> Sequence[Figure]:
    """Measure what asking costs while nothing changes. No Envoy is connected."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="straightway-bench-")))
        runtimes = stack.enter_context(closing(AskedRuntimes(_RUNTIMES)))
        config = _config(folder / "config", free_port(), _RUNTIMES, runtimes.port)
        plane = stack.enter_context(closing(ControlPlane(config, folder)))
        plane.start()
        eventually(lambda: plane.logs("config in force"), what="config in force")
        time.sleep(_SETTLE_SECONDS)
        before, asked, began = exact_cpu_seconds(plane.pid), runtimes.answers, time.monotonic()
        time.sleep(_STEADY_SECONDS)
        answers, seconds = runtimes.answers - asked, time.monotonic() - began
        used = exact_cpu_seconds(plane.pid) - before
        return [
            Figure("CPU of the control plane", used / seconds * 100, "% of a core", _TARGET_CPU),
            Figure("CPU per answer", used / answers * 1e6, "µs"),
            Figure("answers", answers / seconds, "a second"),
            Figure("peak RSS", peak_mebibytes(plane.pid), "MiB", _TARGET_MEBIBYTES),
        ]


def _burst(pool: _Pool, turn: int) -> _Burst:
    before = len(_pushes(pool))
    model = f"burst-{turn}"
    pool.runtimes.change(model, 0, _TOGETHER)
    answered = pool.runtimes.all_asked()
    routed = _routed(pool, model)
    time.sleep(1.5)  # Until all were asked once more, so that no push is missed.
    pushes = _pushes(pool)[before:]
    return _Burst(len(pushes), pushes[-1] - answered, routed - answered)


def _load(pool: _Pool, turn: int) -> float:
    time.sleep(random.Random(turn).uniform(0.0, 1.0))
    model = f"load-{turn}"
    changed = pool.runtimes.change(model, turn * 37 % _TOGETHER, 1)
    routed = _routed(pool, model)
    pool.runtimes.all_asked()
    return routed - changed


def _routed(pool: _Pool, model: str) -> float:
    """Wait until a request for a model is answered, and return the time."""
    deadline = time.time() + LIMIT_SECONDS
    while not pool.client.send(headers={"model": model}).ok:
        pool.running.control_plane.check_running()
        if time.time() > deadline:
            raise TimeoutError(f"{model} is not routed")
    return time.time()


def _pushes(pool: _Pool) -> list[float]:
    return pool.running.logged("pushed", type="ClusterLoadAssignment")


@contextmanager
def _pool(number: int) -> Iterator[_Pool]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="straightway-bench-")))
        runtimes = stack.enter_context(closing(AskedRuntimes(number)))
        port = free_port()
        config = _config(folder / "config", port, number, runtimes.port)
        running = stack.enter_context(machine(partial(ControlPlane, config)))
        running.wait_for_port(port)
        yield _Pool(runtimes, running, stack.enter_context(closing(HttpClient(port))))


def _config(folder: Path, port: int, number: int, runtime_port: int) -> ConfigFolder:
    config = ConfigFolder(folder)
    config.write("routing.yaml", *routing(_NAMESPACE, port), _discovery(runtime_port))
    config.write(
        "runtimes.yaml",
        *(_runtime(each, runtime_port) for each in range(number)),
    )
    return config


def _runtime(number: int, port: int) -> Object:
    return workload_entry(
        f"runtime-{number:04}",
        _NAMESPACE,
        address=address_of(number),
        labels={"app": "runtime"},
        ports={"http": port},
    )


def _discovery(port: int) -> dict[str, Any]:
    return {
        "apiVersion": "straightway.dev/v1alpha1",
        "kind": "ModelDiscovery",
        "metadata": {"name": "pool", "namespace": _NAMESPACE},
        "spec": {"service": "runtime", "api": "triton", "port": port},
    }
