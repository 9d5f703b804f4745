"""Rows 6 and 7: what many problems cost.

*CPU* is that of ``straightway validate`` over one file, less that over a file with one good object.
*a connected client waits*: from the change of a label until a client of the gateway has it; the
control plane serves 1,000 services. Labels change one after the other from the time the file with
the problems is written until changes take effect immediately again. The longest wait counts.

Values with ``~`` are extrapolated from smaller files (:mod:`bench.change_scale`).
"""

from __future__ import annotations

import asyncio
import itertools
import resource
import subprocess
import sys
import textwrap
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.change_client import SECONDS
from bench.change_fleet import new_mark, one_gateway
from bench.change_plane import change_label, plane_of_services
from bench.change_rows import Row
from bench.change_scale import Estimate, at_scale
from bench.config import NAMESPACE
from bench.figures import Figure

_LIST_SIZES = (50, 100, 1000)
_FIELDS_SIZES = (200, 400, 2000)
_TARGET_LIST, _TARGET_FIELDS = 0.5, 0.3
_REPEATS = 3
_HEAD_START_SECONDS = 0.01
"""How long before the label the file with the problems is written."""

_LEAST_WAITS = 3
_AT_ONCE_SECONDS = 0.1

_MIRROR = "    mirror:\n      host: other.example.com\n"


async def many_warnings() -> list[Row]:
    """Measure row 6."""
    estimate = await at_scale(_validating(warned_list), _LIST_SIZES)
    name = f"{_LIST_SIZES[-1]:,} VirtualServices with a warning each in one List: CPU"
    figure = Figure(name, estimate.seconds, "s", _TARGET_LIST)
    return [Row(6, figure, "2.19 s for 100", about=estimate.about)]


async def many_unknown_fields() -> list[Row]:
    """Measure row 7."""
    cpu = await at_scale(_validating(unknown_fields), _FIELDS_SIZES)
    waits = await _waits()
    name = f"one VirtualService with {_FIELDS_SIZES[-1]:,} unknown fields: CPU"
    return [
        Row(7, Figure(name, cpu.seconds, "s", _TARGET_FIELDS), "19 s", about=cpu.about),
        Row(
            7,
            Figure("a connected client waits", waits.seconds, "s", _TARGET_FIELDS),
            "92 s",
            about=waits.about,
        ),
    ]


def _validating(text: Callable[[int], str]) -> Callable[[int], Awaitable[float]]:
    """Return a function that measures the CPU seconds of validating a text of some size."""
    least = min(_validate(warned_list(0)) for _ in range(_REPEATS))

    async def measure(size: int) -> float:
        return max(_validate(text(size)) - least, 0.0)

    return measure


def _validate(text: str) -> float:
    """Return the CPU seconds of ``straightway validate``, including startup."""
    with TemporaryDirectory(prefix="straightway-bench-") as folder:
        file = Path(folder) / "config.yaml"
        file.write_text(text)
        before = _cpu_of_children()
        command = [sys.executable, "-m", "straightway", "validate", str(file)]
        subprocess.run(command, check=False, stdout=subprocess.DEVNULL)
        return _cpu_of_children() - before


def _cpu_of_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


async def _waits() -> Estimate:
    with plane_of_services() as plane:
        async with one_gateway(plane.port) as client:
            services = itertools.count()

            async def wait() -> float:
                mark = new_mark("model")
                arrival = client.expect(mark)
                began = time.monotonic()
                change_label(plane, next(services), mark)
                async with asyncio.timeout(SECONDS):
                    return await arrival - began

            async def measure(fields: int) -> float:
                await plane.quiet()
                plane.config.write("broken.yaml", unknown_fields(fields))
                await asyncio.sleep(_HEAD_START_SECONDS)
                waits = [await wait() for _ in range(_LEAST_WAITS)]
                while waits[-1] > _AT_ONCE_SECONDS:
                    waits.append(await wait())
                return max(waits)

            return await at_scale(measure, _FIELDS_SIZES)


def warned_list(size: int) -> str:
    """Return a List of one VirtualService without a warning and many with one."""
    return "apiVersion: v1\nkind: List\nitems:\n" + "".join(
        textwrap.indent(_virtual_service(index, _MIRROR if index else ""), "  ").replace(
            "  apiVersion", "- apiVersion", 1
        )
        for index in range(size + 1)
    )


def unknown_fields(count: int) -> str:
    """Return a VirtualService with this many unknown fields."""
    return _virtual_service(0, "".join(f"    field{index}: 1\n" for index in range(count)))


def _virtual_service(index: int, more: str) -> str:
    """Return a VirtualService, with ``more`` in its one route."""
    return f"""\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata:
  name: route-{index:04}
  namespace: {NAMESPACE}
spec:
  hosts:
  - route-{index:04}.example.com
  gateways:
  - mesh
  http:
  - name: default
    redirect:
      uri: /elsewhere
{more}"""
