"""Control planes over a large cluster, each with a gateway Envoy."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.cluster import MEMBERS, SERVICES
from bench.loop_watch import longest_turn
from bench.machine import LIMIT_SECONDS, Machine, machine
from bench.usage import exact_cpu_seconds
from tests.support.control_plane import ControlPlane
from tests.support.kube import KubeServer
from tests.support.waiting import eventually

_LOOK_SECONDS = 0.05
_QUIET_SECONDS = 1.0
_QUIET_CPU_SECONDS = 0.01
_WORK_CPU_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class WatchedPlane:
    """A control plane whose event loop is watched, with its Envoy, over a cluster."""

    kube: KubeServer
    running: Machine
    turns: Path

    @property
    def cpu_seconds(self) -> float:
        """The CPU time of the control plane so far."""
        return exact_cpu_seconds(self.running.control_plane.pid)

    def longest_turn(self, since: float) -> float:
        """Return the CPU seconds of the longest turn of the event loop after a time."""
        return longest_turn(self.turns, since)

    def sent(self) -> int:
        """Return how many resources have been sent so far."""
        return sum(line["resources"] for line in self.running.control_plane.logs("pushed"))

    def quiet(self) -> None:
        """Wait until the control plane has used almost no CPU time for a second."""
        before, since = self.cpu_seconds, time.monotonic()
        while time.monotonic() - since < _QUIET_SECONDS:
            time.sleep(_LOOK_SECONDS)
            self.running.control_plane.check_running()
            if (now := self.cpu_seconds) - before > _QUIET_CPU_SECONDS:
                before, since = now, time.monotonic()

    def quiet_after_work(self) -> None:
        """Wait until it works, and then until it is quiet again."""
        before = self.cpu_seconds
        eventually(
            lambda: self.cpu_seconds - before > _WORK_CPU_SECONDS,
            what="the control plane works",
            seconds=LIMIT_SECONDS,
        )
        self.quiet()


@dataclass(frozen=True, slots=True)
class Cluster:
    """An API server with all objects of :mod:`bench.cluster`; Envoy is to listen on ``port``."""

    kube: KubeServer
    port: int
    kubeconfig: Path = field(init=False)

    def __post_init__(self) -> None:
        """Make one kubeconfig for all control planes."""
        object.__setattr__(self, "kubeconfig", self.kube.kubeconfig())

    @contextmanager
    def plane(self, module: Sequence[str] = ("straightway",)) -> Iterator[Machine]:
        """Start a control plane of which an Envoy wants everything; stop both on exit."""
        options = ["--kubernetes", "--write-status", "--kubeconfig", str(self.kubeconfig)]

        def make(folder: Path) -> ControlPlane:
            return ControlPlane(None, folder, *options, module=module)

        with machine(make) as running:
            yield running

    @contextmanager
    def watched_plane(self) -> Iterator[WatchedPlane]:
        """Start one whose event loop is watched, and wait until its Envoy holds everything."""
        with TemporaryDirectory(prefix="straightway-bench-") as folder:
            turns = Path(folder) / "turns"
            with self.plane(["bench.loop_watch", str(turns)]) as running:
                running.wait_for_port(self.port)
                wait_for_everything(running)
                plane = WatchedPlane(self.kube, running, turns)
                plane.quiet()
                yield plane


def wait_for_everything(running: Machine) -> None:
    """Wait until Envoy has warmed all clusters, with all of their endpoints and routes."""
    eventually(lambda: _is_complete(running), what="all of the config", seconds=LIMIT_SECONDS)


def _is_complete(running: Machine) -> bool:
    envoy = running.envoy
    # Beside each, there is a cluster of any endpoint, to which requests may leave their subset.
    members = envoy.stats(r"^cluster\.outbound\|\d+\|\|.*\.membership_total$")
    hosts = sum(len(route["virtual_hosts"]) for route in envoy.routes.values())
    return (
        len(members) == hosts == SERVICES
        and sum(members.values()) == MEMBERS
        and envoy.stat("cluster_manager.warming_clusters") == 0
        and envoy.stat("listener_manager.total_listeners_active") == 1
    )
