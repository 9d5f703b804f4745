"""A `straightway serve` process with CPU time per change."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from bench.config import (
    PLAIN,
    Endpoints,
    Form,
    service_file,
    service_text,
    workloads_file,
    workloads_text,
    write_config,
)
from bench.usage import exact_cpu_seconds, resident_mebibytes
from tests.support.config_folder import ConfigFolder
from tests.support.control_plane import ControlPlane

SERVICES = 1000
ENDPOINTS = 10

_IDLE_SLICES = 5
_IDLE_SECONDS = 1.5
_LOOK_SECONDS = 0.03
_QUIET_SECONDS = 0.15
_QUIET_CPU_SECONDS = 0.004
_GATEWAY_PORT = 8080
"""Nothing listens there: the clients are not Envoys."""


@dataclass(slots=True)
class Plane:
    """A control plane, its config, and its idle CPU usage."""

    config: ConfigFolder
    control_plane: ControlPlane
    form: Form = PLAIN
    idle: float = 0.0

    @property
    def port(self) -> int:
        """The xDS port."""
        return self.control_plane.port

    @property
    def cpu_seconds(self) -> float:
        """The CPU time used so far."""
        return exact_cpu_seconds(self.control_plane.pid)

    @property
    def mebibytes(self) -> float:
        """The resident memory."""
        return resident_mebibytes(self.control_plane.pid)

    async def rest(self) -> None:
        """Wait until the control plane is idle, and measure its idle usage.

        Of several slices the median counts: what runs once, such as a rescan, is not idle usage.
        """
        await self.quiet()
        slices = []
        for _ in range(_IDLE_SLICES):
            before, began = self.cpu_seconds, time.monotonic()
            await asyncio.sleep(_IDLE_SECONDS / _IDLE_SLICES)
            slices.append((self.cpu_seconds - before) / (time.monotonic() - began))
        self.idle = median(slices)

    async def quiet(self) -> None:
        """Wait until it has used almost no CPU time for a while."""
        before, since = self.cpu_seconds, time.monotonic()
        while time.monotonic() - since < _QUIET_SECONDS:
            await asyncio.sleep(_LOOK_SECONDS)
            self.control_plane.check_running()
            if (now := self.cpu_seconds) - before > _QUIET_CPU_SECONDS:
                before, since = now, time.monotonic()

    async def cpu_a_change(
        self, change: Callable[[int], Awaitable[None]], times: int, seconds: float
    ) -> float:
        """Return the CPU seconds per change, over ``times`` changes or as many as the time allows.

        Each change starts after all work for the previous one. The idle usage is subtracted.
        """
        await self.rest()
        meter, done = Meter(self), 0
        while not done or (done < times and meter.seconds < seconds):
            await change(done)
            await self.quiet()
            done += 1
        return meter.cpu_seconds / done


class Meter:
    """Measures CPU time from its creation, minus the idle usage."""

    def __init__(self, plane: Plane) -> None:
        """Start to measure."""
        self._plane = plane
        self._before, self._began = plane.cpu_seconds, time.monotonic()

    @property
    def seconds(self) -> float:
        """The time since creation."""
        return time.monotonic() - self._began

    @property
    def cpu_seconds(self) -> float:
        """The CPU time since then."""
        return self._plane.cpu_seconds - self._before - self._plane.idle * self.seconds


@contextmanager
def plane_over(write: Callable[[Path], ConfigFolder], form: Form = PLAIN) -> Iterator[Plane]:
    """Write a config and run a control plane over it; stop it on exit."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="straightway-bench-")))
        config = write(folder / "config")
        control_plane = stack.enter_context(closing(ControlPlane(config, folder)))
        control_plane.start()
        yield Plane(config, control_plane, form)


@contextmanager
def plane_of_services(form: Form = PLAIN) -> Iterator[Plane]:
    """Run one over 1,000 services, each with 10 WorkloadEntries, a VirtualService and a rule."""

    def write(folder: Path) -> ConfigFolder:
        return write_config(
            folder,
            Endpoints.WORKLOADS,
            port=_GATEWAY_PORT,
            services=SERVICES,
            endpoints=ENDPOINTS,
            form=form,
        )

    with plane_over(write, form) as plane:
        yield plane


def change_virtual_service(plane: Plane, service: int, mark: str) -> None:
    """Change the path of a VirtualService to one that starts with ``mark``."""
    text = service_text(service, plane.form, prefix=f"/{mark}")
    plane.config.write(service_file(service), text)


def change_label(plane: Plane, service: int, mark: str) -> None:
    """Give the first runtime of a service the model ``mark``."""
    namespace = plane.form.namespace_of(service)
    text = workloads_text(service, ENDPOINTS, first_model=mark, namespace=namespace)
    plane.config.write(workloads_file(service), text)
