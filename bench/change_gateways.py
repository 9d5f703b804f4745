"""Rows 9 and 12: 500 gateways of one control plane, over 1,000 services.

- *fan-out*: one endpoint's label changes. `straightway serve` and the library alone
  (:mod:`bench.change_library`, which serves the resources that the former has sent) take turns.
  *CPU per change* is that of the server's process and includes reading 500 ACKs. *spread* is the
  time from the first client to the last, the median of all changes; all clients are in this
  process.
- *reconnect*: all clients disconnect, an endpoint's label changes, and all reconnect at once, each
  with the version of every resource that it holds. The time runs from the first request until the
  last client has the change; the median of several rounds.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from statistics import median

from bench.change_client import SECONDS, gateway_node
from bench.change_fleet import Fleet, new_mark
from bench.change_plane import Meter, Plane, change_label, plane_of_services
from bench.change_rows import Row
from bench.figures import Figure
from bench.server_process import ServerProcess

_GATEWAYS = 500
_NODES = [gateway_node(index) for index in range(_GATEWAYS)]
_WARM_UP = 3
_CHANGES = 40
_RETURNS = 5
_MOST = 1.15


async def fan_out() -> list[Row]:
    """Measure row 9."""
    library = ServerProcess("bench.change_library")
    try:
        with plane_of_services() as plane:
            async with Fleet(plane.port) as ours, Fleet(library.port) as bare:
                await ours.join(_NODES)
                await _load(library, ours)
                await bare.join(_NODES)
                return await _take_turns(plane, ours, library, bare)
    finally:
        await library.close()


async def _load(library: ServerProcess, fleet: Fleet) -> None:
    """Load the library with the resources that a gateway received."""
    for response in fleet.clients[0].first:
        await library.call("Load", response)
    await library.call("Serve")


async def _take_turns(plane: Plane, ours: Fleet, library: ServerProcess, bare: Fleet) -> list[Row]:
    spreads: tuple[list[float], list[float]] = ([], [])
    meter, before = Meter(plane), library.exact_cpu_seconds
    for turn in range(_WARM_UP + _CHANGES):
        if turn == _WARM_UP:
            await plane.rest()
            meter, before = Meter(plane), library.exact_cpu_seconds
            spreads = ([], [])
        mark = new_mark("model")
        arrivals = ours.expect(mark)
        change_label(plane, turn, mark)
        spreads[0].append(_spread(await _all(arrivals)))
        arrivals = bare.expect(mark)
        await library.call("Change", ours.clients[0].last)
        spreads[1].append(_spread(await _all(arrivals)))
    await plane.quiet()
    cpu = meter.cpu_seconds / _CHANGES * 1e3
    floor = (library.exact_cpu_seconds - before) / _CHANGES * 1e3
    spread, least = (median(each) * 1e3 for each in spreads)
    target = f"≤ {_MOST} * alone"
    name = f"fan-out of one endpoint to {_GATEWAYS} gateways: CPU a change"
    return [
        Row(9, Figure(name, cpu, "ms", floor * _MOST), "92-117 ms", target),
        Row(9, Figure("the library alone", floor, "ms"), "81 ms"),
        Row(
            9, Figure("from the first to the last", spread, "ms", least * _MOST), "43-57 ms", target
        ),
        Row(9, Figure("the library alone", least, "ms"), "28 ms"),
    ]


async def _all(arrivals: asyncio.Future[list[float]]) -> list[float]:
    async with asyncio.timeout(SECONDS):
        return await arrivals


def _spread(arrivals: Sequence[float]) -> float:
    return max(arrivals) - min(arrivals)


async def reconnect() -> list[Row]:
    """Measure row 12."""
    with plane_of_services() as plane:
        async with Fleet(plane.port) as fleet:
            await fleet.join(_NODES)
            await plane.rest()
            returns = [await _come_back(plane, fleet, turn) for turn in range(_RETURNS)]
    seconds = [taken for taken, _ in returns]
    cpu = median(cpu for _, cpu in returns)
    name = f"{_GATEWAYS} gateways reconnect, one endpoint changed meanwhile: until all know"
    return [
        Row(12, Figure(name, median(seconds), "s", 0.8), "1.08 s"),
        Row(12, Figure("the fastest return", min(seconds), "s")),
        Row(12, Figure("CPU of the control plane", cpu, "s")),
    ]


async def _come_back(plane: Plane, fleet: Fleet, service: int) -> tuple[float, float]:
    """Reconnect all clients; return the seconds until the last has the change, and the CPU."""
    await fleet.leave()
    mark = new_mark("model")
    change_label(plane, service, mark)
    await plane.quiet()
    meter, began = Meter(plane), time.monotonic()
    seconds = max(await fleet.come_back(_NODES, mark)) - began
    await plane.quiet()
    return seconds, meter.cpu_seconds
