"""The discovery server beside its floor: what a bare grpc.aio server needs for the same bytes.

Each of two servers has a thousand delta streams and a process of its own; all clients are in this
process (:mod:`bench.discovery_clients`). The servers take turns, change by change, so that other
load on the machine affects both alike.

The floor (:mod:`bench.floor_server`) is grpc.aio with a handler that reads from and writes to its
streams. It reads as many messages as the discovery server, each one byte longer, and does not
decode them. In each turn it writes the bytes that the discovery server has just sent, to as many
streams. Its cost includes gRPC, Python's event loop, two tasks per stream, and the clients, which
occupy one of the two CPUs.

How to read the table:

- *last client*: the time from the change of the cache, or from the floor's first write, until the
  slowest client has read the message; the 99th percentile of all changes. The first changes of each
  kind do not count: the buffers of all connections grow in them.
- *CPU per message*: CPU time of the server's process over all changes, divided by the messages
  written. It includes reading one ACK.
- *memory*: resident memory (VmRSS) after all changes, while every client holds everything.
- *all reconnect*: all clients reconnect at once, each with the version of every resource that it
  holds. A client is served when it has the answer to its last request. The slowest of several
  rounds counts.
- *one endpoint among 10,000 clusters*: CPU time of its change for 20 streams, without a network
  (:mod:`bench.discovery_change`); the floor is the same change among 100 clusters.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

from rich.table import Table

from bench.comparison import Comparison, Pair, comparison_table
from bench.discovery_change import seconds_a_change
from bench.discovery_clients import MARKS, NO_MARKS, Clients, Return, Service
from bench.discovery_content import ENDPOINTS
from bench.figures import in_steps, percentile, waiting
from bench.server_process import ServerProcess
from bench.streams import ADS
from straightway.discovery import CLUSTER, CLUSTER_LOAD_ASSIGNMENT

T = TypeVar("T")

_STREAMS: Final = 1000
_CLUSTERS: Final = 1000
_ENDPOINT_CHANGES: Final = 150
_CLUSTER_CHANGES: Final = 150
_WARM_UP: Final = 3
_RETURNS: Final = 3
_CHANGE: Final = {CLUSTER: "ChangeClusters", CLUSTER_LOAD_ASSIGNMENT: "ChangeEndpoints"}
_SIZES: Final = (100, 10_000)


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two servers, and its clients."""

    process: ServerProcess
    clients: Clients


@dataclass(slots=True)
class Cost:
    """The cost of some changes: seconds until the last client had each one, and CPU seconds."""

    seconds: list[float] = field(default_factory=list)
    cpu_seconds: float = 0.0

    def p99(self) -> float:
        """Return the milliseconds until the last client had a change."""
        return percentile(self.seconds, 0.99) * 1e3

    def cpu(self) -> float:
        """Return the CPU microseconds per message."""
        return self.cpu_seconds / len(self.seconds) / _STREAMS * 1e6


def run() -> Table:
    """Measure and return the table."""
    with waiting("Cost of a change by the number of clusters"):
        few, many = (seconds * 1e3 for seconds in seconds_a_change(_SIZES))
    comparisons = asyncio.run(_measure())
    name = f"one endpoint among {_SIZES[1]:,} clusters"
    comparisons.append(Comparison.times(name, (many, few), "ms", 1.2))
    title = f"{_STREAMS:,} streams over {_CLUSTERS:,} clusters with {ENDPOINTS} endpoints each"
    caption = (
        f"{_ENDPOINT_CHANGES} changes of endpoints, {_CLUSTER_CHANGES} of clusters, "
        f"{_RETURNS} reconnects."
    )
    return comparison_table(title, comparisons, caption)


async def _measure() -> list[Comparison]:
    real_process = ServerProcess("bench.discovery_server", str(_CLUSTERS))
    floor_process = ServerProcess("bench.floor_server")
    try:
        async with asyncio.TaskGroup() as tasks:
            ours = Service(real_process.port, ADS, NO_MARKS)
            bare = Service(floor_process.port, "/bench.Floor/Stream", MARKS)
            real = Side(real_process, Clients(ours, _STREAMS, tasks))
            floor = Side(floor_process, Clients(bare, _STREAMS, tasks))
            for side in (real, floor):
                await side.process.wait_until_read(0)
            comparisons = await _compare(real, floor)
            for side in (real, floor):
                await side.clients.leave()
    finally:
        for process in (real_process, floor_process):
            await process.close()
    return comparisons


async def _compare(real: Side, floor: Side) -> list[Comparison]:
    await _start(real, floor)
    endpoints = await _change(real, floor, CLUSTER_LOAD_ASSIGNMENT, _ENDPOINT_CHANGES)
    clusters = await _change(real, floor, CLUSTER, _CLUSTER_CHANGES)
    memory = real.process.mebibytes, floor.process.mebibytes
    returns = await _come_back(real), await _come_back(floor)
    size = f"{len(real.clients.last[CLUSTER]) / 1000:.0f} kB of clusters"
    few = f"{ENDPOINTS} endpoints"
    return [
        Comparison.times(f"{few}: last client, p99", _pair(endpoints, Cost.p99), "ms", 1.3),
        Comparison.times(f"{size}: last client, p99", _pair(clusters, Cost.p99), "ms", 1.3),
        Comparison.times(f"{few}: CPU per message", _pair(endpoints, Cost.cpu), "µs", 1.5),
        Comparison.times(f"{size}: CPU per message", _pair(clusters, Cost.cpu), "µs", 1.5),
        Comparison.above("memory", memory, "MiB", 60.0),
        Comparison.within("all reconnect: last served", _pair(returns, _slowest), "s", 2.0),
        Comparison.within("all reconnect: resources sent", _pair(returns, _resources), "", 0.0),
    ]


def _pair(of_both: tuple[T, T], figure: Callable[[T], float]) -> Pair:
    return figure(of_both[0]), figure(of_both[1])


def _slowest(returns: Sequence[Return]) -> float:
    return max(each.seconds for each in returns)


def _resources(returns: Sequence[Return]) -> float:
    return sum(each.resources for each in returns)


async def _start(real: Side, floor: Side) -> None:
    with waiting("Clients start"):
        await real.clients.start()
        for type_url, answer in real.clients.last.items():
            await floor.process.call("Answer", MARKS[type_url] + answer)
        await floor.clients.start()


async def _change(real: Side, floor: Side, type_url: str, times: int) -> tuple[Cost, Cost]:
    """Make changes of one type; in each turn the floor writes what the real server has sent."""
    costs = Cost(), Cost()
    for turn in in_steps(range(_WARM_UP + times), "Changes"):
        if turn == _WARM_UP:
            costs = Cost(), Cost()
        await _turn(real, _CHANGE[type_url], b"", costs[0])
        await _turn(floor, "Change", real.clients.last[type_url], costs[1])
    return costs


async def _turn(side: Side, method: str, argument: bytes, cost: Cost) -> None:
    process, clients = side.process, side.clients
    before = process.cpu_seconds
    clients.expect()
    began = float(await process.call(method, argument))
    cost.seconds.append(await clients.all_have_it() - began)
    await process.wait_until_read(clients.sent)
    cost.cpu_seconds += process.cpu_seconds - before


async def _come_back(side: Side) -> list[Return]:
    returns = []
    for _ in in_steps(range(_RETURNS), "Clients reconnect"):
        await side.clients.leave()
        returns.append(await side.clients.come_back())
        await side.process.wait_until_read(side.clients.sent)
    return returns
