"""Rows 4 and 5: one label changes during config changes, and with standing warnings.

- *until in force*: from just before the write of the file until a gateway's client has the
  assignment, the median of some changes; once without other changes, and once while a
  VirtualService changes every 50 ms.
- *standing warnings*: two control planes over the same 1,000 services take turns. In one of them
  each VirtualService and each DestinationRule has an untranslated field. The extra CPU is the
  difference.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from contextlib import ExitStack, suppress
from statistics import median

from bench.change_client import SECONDS, Client
from bench.change_fleet import new_mark, one_gateway
from bench.change_plane import (
    SERVICES,
    Meter,
    Plane,
    change_label,
    change_virtual_service,
    plane_of_services,
)
from bench.change_rows import Row
from bench.config import PLAIN, Form
from bench.figures import Figure

_TIMED_CHANGES = 15
_PAUSE_SECONDS = (0.05, 0.15)
_CONFIG_PERIOD_SECONDS = 0.05
_TURNS = 80


async def beside_config() -> list[Row]:
    """Measure row 4."""
    with plane_of_services() as plane:
        async with one_gateway(plane.port) as client:
            await _latencies(plane, client)  # The first changes differ from the others.
            quiet = await _latencies(plane, client)
            changing = asyncio.create_task(_keep_changing_config(plane))
            busy = await _latencies(plane, client)
            changing.cancel()
            with suppress(asyncio.CancelledError):
                await changing
    base = median(quiet) * 1e3
    name = "one label changes, a VirtualService every 50 ms: until in force"
    return [
        Row(4, Figure(name, median(busy) * 1e3, "ms", 2 * base), "544-1,049 ms", "≤ 2 * quiet"),
        Row(4, Figure("the slowest of these", max(busy) * 1e3, "ms")),
        Row(4, Figure("quiet", base, "ms"), "15-39 ms"),
    ]


async def _latencies(plane: Plane, client: Client) -> list[float]:
    seconds = []
    for turn in range(_TIMED_CHANGES):
        # Changes in step with the control plane's own periods would always measure the same case.
        await asyncio.sleep(random.uniform(*_PAUSE_SECONDS))
        seconds.append(await _until_in_force(plane, client, turn))
    return seconds


async def _until_in_force(plane: Plane, client: Client, service: int) -> float:
    """Change a label; return the seconds until the client has it."""
    mark = new_mark("model")
    arrival = client.expect(mark)
    began = time.monotonic()
    change_label(plane, service, mark)
    async with asyncio.timeout(SECONDS):
        return await arrival - began


async def _keep_changing_config(plane: Plane) -> None:
    for turn in itertools.count():
        change_virtual_service(plane, SERVICES // 2 + turn % 10, new_mark("path"))
        await asyncio.sleep(_CONFIG_PERIOD_SECONDS)


async def beside_warnings() -> list[Row]:
    """Measure row 5."""
    with ExitStack() as stack:
        planes = [
            stack.enter_context(plane_of_services(form)) for form in (PLAIN, Form(warned=True))
        ]
        async with one_gateway(planes[0].port) as first, one_gateway(planes[1].port) as second:
            clients = first, second
            for plane, client in zip(planes, clients, strict=True):
                await _until_in_force(plane, client, _TURNS)
                await plane.rest()
            meters = [Meter(plane) for plane in planes]
            for turn in range(_TURNS):
                for plane, client in zip(planes, clients, strict=True):
                    await _until_in_force(plane, client, turn)
            for plane in planes:
                await plane.quiet()
            without, with_warnings = (meter.cpu_seconds / _TURNS * 1e3 for meter in meters)
    name = f"{2 * SERVICES:,} standing warnings: extra CPU a label change"
    return [
        Row(5, Figure(name, with_warnings - without, "ms", 0.2), "19.3 ms"),
        Row(5, Figure("a label change without warnings: CPU", without, "ms")),
    ]
