"""Rows 1 to 3: one VirtualService of 1,000 changes, for a gateway and a growing number of sidecars.

Each sidecar is the only one of its namespace. If only the gateway has the routes, nothing is sent
to the sidecars; *whose routes change, too*: each VirtualService is also bound to ``mesh``, so all
receive the change. *CPU* is that of the control plane from the change of the file until it is idle
again, minus its usage while nothing changes.

*without an answer*: the longest time that a health check took during a change, the median of a few
changes; a separate process polls continuously (:mod:`bench.change_probe`). Polling takes CPU, so it
is not done during the changes whose CPU is measured.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from statistics import median

from bench.change_client import SECONDS, gateway_node, sidecar_node
from bench.change_fleet import Fleet, new_mark
from bench.change_plane import SERVICES, Plane, change_virtual_service, plane_of_services
from bench.change_rows import Row
from bench.config import PLAIN, Form
from bench.figures import Figure
from bench.server_process import ServerProcess

_CHANGES = 15
_SECONDS = 5.0
"""After this time no further changes are made."""

_PROBED_CHANGES = 3
_WINDOW_SECONDS = 0.25
_AT_ONCE_SECONDS = 0.01
_FEW, _MANY = 4, 100
_LONGEST = "longest time without an answer"


async def one_gateway() -> list[Row]:
    """Measure row 1."""
    cpu, _ = await _measure(PLAIN, [], probed=False)
    name = "one VirtualService of 1,000 changes, one gateway: CPU"
    return [Row(1, Figure(name, cpu * 1e3, "ms", 6.0), "143 ms")]


async def few_sidecars() -> list[Row]:
    """Measure row 2."""
    rows = []
    namespaces = [_empty_namespace(index) for index in range(_FEW)]
    for name, form in (
        (f"the same, and {_FEW} sidecar namespaces", PLAIN),
        (f"{_FEW} whose routes change, too", Form(mesh=True)),
    ):
        cpu, longest = await _measure(form, namespaces)
        rows += [
            Row(2, Figure(f"{name}: CPU", cpu * 1e3, "ms", 12.0), "859 ms"),
            Row(2, Figure(_LONGEST, longest * 1e3, "ms")),
        ]
    return rows


async def many_sidecars() -> list[Row]:
    """Measure row 3."""
    rows = []
    full = Form(namespace_of=lambda service: _full_namespace(service % _MANY), mesh=True)
    for name, form, namespace in (
        (f"the same, and {_MANY} sidecar namespaces without objects", PLAIN, _empty_namespace),
        (f"{_MANY} with 10 services each, whose routes change, too", full, _full_namespace),
    ):
        cpu, longest = await _measure(form, [namespace(index) for index in range(_MANY)])
        rows += [
            Row(3, Figure(f"{name}: CPU", cpu * 1e3, "ms", 60.0), "~16,000 ms"),
            Row(3, Figure(_LONGEST, longest * 1e3, "ms", 20.0)),
        ]
    return rows


def _empty_namespace(index: int) -> str:
    return f"empty-{index:03}"


def _full_namespace(index: int) -> str:
    return f"models-{index:03}"


async def _measure(
    form: Form, sidecars: Sequence[str], *, probed: bool = True
) -> tuple[float, float]:
    """Return the CPU seconds of a change, and the longest without an answer (0 if not probed)."""
    with plane_of_services(form) as plane:
        async with Fleet(plane.port) as fleet:
            await fleet.join([gateway_node(), *map(sidecar_node, sidecars)])
            await plane.quiet()
            reached = fleet.clients if form.mesh else fleet.clients[:1]

            async def change(turn: int) -> None:
                mark = new_mark("path")
                arrivals = [client.expect(mark) for client in reached]
                change_virtual_service(plane, turn * 61 % SERVICES, mark)
                async with asyncio.timeout(SECONDS):
                    await asyncio.gather(*arrivals)

            longest = 0.0
            if probed:
                longest = await _longest_without_answer(plane, change)
            else:
                await change(_CHANGES)  # The first differs from the others.
            return await plane.cpu_a_change(change, _CHANGES, _SECONDS), longest


async def _longest_without_answer(plane: Plane, change: Callable[[int], Awaitable[None]]) -> float:
    """Return the longest time without an answer in a change, the median of a few."""
    probe = ServerProcess("bench.change_probe", str(plane.port))
    try:
        await _calm(probe)
        longest: list[float] = []
        began = time.monotonic()
        while len(longest) < _PROBED_CHANGES and time.monotonic() - began < _SECONDS:
            await change(len(longest))
            longest.append(await _calm(probe))
        return median(longest)
    finally:
        await probe.close()


async def _calm(probe: ServerProcess) -> float:
    """Wait until responses are immediate again; return the longest response time until then."""
    longest, deadline = 0.0, time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        await asyncio.sleep(_WINDOW_SECONDS)
        last = float(await probe.call("Longest"))
        longest = max(longest, last)
        if last < _AT_ONCE_SECONDS:
            break
    return longest
