"""Many gateways of one audience: what `straightway serve` adds to the discovery library.

The same gateways connect to `straightway serve` over a folder, and to the library alone
(:mod:`bench.resource_server`), which gets the resources that `serve` sends. The two take turns,
change by change. :func:`measure` returns figures; ``python -m bench.discovery_gateways`` prints
them.

- *CPU per change*: CPU time of the server's process for one changed endpoint; for `serve` it
  includes reading the file.
- *spread*: from the first gateway that has the change to the last.
- *reconnect*: all gateways reconnect at once with all that they hold, of which one assignment has
  changed meanwhile: the seconds until the last gateway has the new one.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final

import grpc
from envoy.config.core.v3.base_pb2 import Node
from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryResponse

from bench.config import SELECTOR, Endpoints, workloads_file, workloads_text, write_config
from bench.server_process import SECONDS, ServerProcess
from bench.streams import CONNECTIONS, DeltaStream, ack, open_channel, request
from bench.usage import cpu_seconds
from straightway.discovery import (
    CLUSTER,
    CLUSTER_LOAD_ASSIGNMENT,
    LISTENER,
    ROUTE_CONFIGURATION,
)
from tests.support.config_folder import ConfigFolder
from tests.support.control_plane import ControlPlane
from tests.support.ports import free_port

_TYPES: Final = (CLUSTER, CLUSTER_LOAD_ASSIGNMENT, LISTENER, ROUTE_CONFIGURATION)
_WILDCARD: Final = (CLUSTER, LISTENER)
_SETTLE_SECONDS: Final = 0.1
_WARM_UP: Final = 3


@dataclass(slots=True)
class Figures:
    """The measurements of one server, in seconds."""

    cpu: list[float] = field(default_factory=list)
    spread: list[float] = field(default_factory=list)
    come_back: list[float] = field(default_factory=list)
    come_back_cpu: list[float] = field(default_factory=list)


def measure(
    *, gateways: int = 500, services: int = 1000, endpoints: int = 10, changes: int = 20
) -> tuple[Figures, Figures]:
    """Return the figures of `straightway serve`, and those of the library alone."""
    with TemporaryDirectory(prefix="straightway-bench-") as name:
        folder = Path(name)
        config = write_config(
            folder / "config",
            Endpoints.WORKLOADS,
            port=free_port(),
            services=services,
            endpoints=endpoints,
        )
        control_plane = ControlPlane(config, folder)
        control_plane.start()
        try:
            return asyncio.run(_measure(control_plane, config, gateways, endpoints, changes))
        finally:
            control_plane.close()


class _Fleet:
    """Gateways of one server, which all hold the same resources."""

    def __init__(self, port: int, count: int, cpu: Callable[[], float]) -> None:
        self.figures = Figures()
        self.last = b""
        self.cpu = cpu
        self._port = port
        self._count = count
        self._channels: list[grpc.aio.Channel] = []
        self._following: list[asyncio.Task[None]] = []
        self._versions: dict[str, dict[str, str]] = {url: {} for url in _TYPES}
        self._arrivals: list[float] = []
        self._all_have_it = asyncio.Event()

    async def explore(self) -> list[bytes]:
        """Connect one gateway and return its responses."""
        stream = self._open("explorer")
        responses = []
        for type_url in _TYPES:
            names = [] if type_url in _WILDCARD else self._names(type_url)
            await stream.write(request(type_url, names))
            data = await stream.read()
            responses.append(data)
            self._note(data)
            await stream.write(_ack(data))
        stream.cancel()
        return responses

    def connect(self) -> None:
        """Connect all gateways, each with its held resources."""
        requests = [
            request(url, () if url in _WILDCARD else self._versions[url], self._versions[url])
            for url in _TYPES
        ]
        self._channels = [open_channel(self._port) for _ in range(CONNECTIONS)]
        self._following = [
            asyncio.create_task(self._follow(index, requests)) for index in range(self._count)
        ]

    async def leave(self) -> None:
        """Disconnect all."""
        for task in self._following:
            task.cancel()
        await asyncio.gather(*self._following, return_exceptions=True)
        await asyncio.gather(*(channel.close() for channel in self._channels))

    async def everyone(self) -> list[float]:
        """Wait until each gateway has an assignment; return the sorted arrival times."""
        async with asyncio.timeout(SECONDS):
            await self._all_have_it.wait()
        arrivals, self._arrivals = self._arrivals, []
        self._all_have_it.clear()
        return arrivals

    async def change(self, make: Callable[[], object]) -> None:
        """Make a change and record its cost."""
        before = self.cpu()
        made = make()
        if asyncio.iscoroutine(made):
            await made
        arrivals = await self.everyone()
        await asyncio.sleep(_SETTLE_SECONDS)
        self.figures.cpu.append(self.cpu() - before)
        self.figures.spread.append(arrivals[-1] - arrivals[0])

    async def come_back(self) -> None:
        """Reconnect all at once and record the time until each one has a change."""
        before, began = self.cpu(), time.monotonic()
        self.connect()
        arrivals = await self.everyone()
        self.figures.come_back.append(arrivals[-1] - began)
        await asyncio.sleep(_SETTLE_SECONDS)
        self.figures.come_back_cpu.append(self.cpu() - before)

    def _open(self, name: str, index: int = 0) -> DeltaStream:
        if not self._channels:
            self._channels = [open_channel(self._port)]
        return DeltaStream(self._channels[index % len(self._channels)], _node(name))

    async def _follow(self, index: int, requests: list[bytes]) -> None:
        stream = self._open(f"gw-{index}", index)
        for each in requests:
            await stream.write(each)
        while True:
            data = await stream.read()
            arrived = time.monotonic()
            await stream.write(_ack(data))
            if index == 0:
                self._note(data)
            if CLUSTER_LOAD_ASSIGNMENT.encode() in data:
                self._arrivals.append(arrived)
                if len(self._arrivals) == self._count:
                    self._all_have_it.set()

    def _names(self, type_url: str) -> list[str]:
        if type_url == CLUSTER_LOAD_ASSIGNMENT:
            return [name for name in self._versions[CLUSTER] if name.startswith("outbound|")]
        return [f"http.{name.rpartition('_')[2]}" for name in self._versions[LISTENER]]

    def _note(self, data: bytes) -> None:
        response = DeltaDiscoveryResponse.FromString(data)
        versions = self._versions[response.type_url]
        versions.update((each.name, each.version) for each in response.resources)
        self.last = data


@lru_cache(maxsize=8)
def _ack(data: bytes) -> bytes:
    # Gateways mostly get the same bytes, and their CPU is taken from the server's machine.
    return ack(DeltaDiscoveryResponse.FromString(data))


def _node(name: str) -> Node:
    node = Node(id=f"router~10.0.0.1~{name}.istio-system~istio-system.svc.cluster.local")
    node.metadata.update({"LABELS": SELECTOR, "NAMESPACE": "istio-system"})
    return node


async def _measure(
    control_plane: ControlPlane, config: ConfigFolder, gateways: int, endpoints: int, changes: int
) -> tuple[Figures, Figures]:
    library = ServerProcess("bench.resource_server")
    try:
        serve = _Fleet(control_plane.port, gateways, lambda: cpu_seconds(control_plane.pid))
        alone = _Fleet(library.port, gateways, lambda: library.cpu_seconds)
        for response in await serve.explore():
            await library.call("Take", response)
        await alone.explore()

        def write(change: int) -> None:
            text = workloads_text(0, endpoints, first_model=f"changed-{change}")
            config.write(workloads_file(0), text)

        # The first time all know of it, as the exploration was before.
        write(-1)
        await _pause(1.0)
        await serve.come_back()
        await library.call("Take", serve.last)
        await alone.come_back()
        for change in range(_WARM_UP + changes):
            if change == _WARM_UP:
                serve.figures, alone.figures = Figures(), Figures()
            await serve.change(lambda change=change: write(change))  # type: ignore[misc]
            await alone.change(lambda: library.call("Take", serve.last))
        for turn in range(3):
            await serve.leave()
            await alone.leave()
            write(1000 + turn)
            await _pause(1.0)
            await serve.come_back()
            await library.call("Take", serve.last)
            await alone.come_back()
        await serve.leave()
        await alone.leave()
    finally:
        await library.close()
    return serve.figures, alone.figures


async def _pause(seconds: float) -> None:
    """Leave `serve` the time to read what was written: it tells no gateway while none is there."""
    await asyncio.sleep(seconds)


def main() -> None:
    """Measure and print."""
    for name, figures in zip(("serve", "library alone"), measure(), strict=True):
        print(
            f"{name:14} CPU a change {median(figures.cpu) * 1e3:6.1f} ms, "
            f"spread {median(figures.spread) * 1e3:6.1f} ms, "
            f"come back {max(figures.come_back):5.2f} s (CPU {max(figures.come_back_cpu):5.2f} s)"
        )


if __name__ == "__main__":
    main()
