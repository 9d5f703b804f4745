"""Row 8: the first sidecars of new namespaces at 1,000 services.

The namespaces contain no objects. Their sidecars connect one at a time; each receives all of the
config and stays. *CPU* and *memory* (VmRSS) are those of the control plane per sidecar.

*its stream*: the cost of each further sidecar of a namespace whose config already exists; the
namespace's figures exclude it. *200 invented namespaces* shows whether a client that invents names
can make the control plane grow: the growth of its memory, including the streams.
"""

from __future__ import annotations

from collections.abc import Callable

from bench.change_client import sidecar_node
from bench.change_fleet import Fleet
from bench.change_plane import Meter, Plane, plane_of_services
from bench.change_rows import Row
from bench.figures import Figure

_NEW = 50
_INVENTED = 200
_TARGET_GROWTH = 50.0
"""MiB: far below what 200 separate configs take, above what 200 streams do."""


async def new_namespaces() -> list[Row]:
    """Measure row 8."""
    with plane_of_services() as plane:
        async with Fleet(plane.port) as fleet:
            # The first differs from the others.
            await _come(plane, fleet, 1, lambda index: f"first-{index}")
            began = plane.mebibytes
            cpu, memory = await _come(plane, fleet, _NEW, lambda index: f"new-{index}")
            invented = _INVENTED - _NEW
            await _come(plane, fleet, invented, lambda index: f"invented-{index}")
            growth = plane.mebibytes - began
            known_cpu, known_memory = await _come(plane, fleet, _NEW, lambda _: "known")
    name = "a new sidecar namespace connects at 1,000 services: CPU beyond its stream"
    return [
        Row(8, Figure(name, (cpu - known_cpu) * 1e3, "ms", 5.0), "44 ms"),
        Row(8, Figure("memory beyond its stream", memory - known_memory, "MiB"), "1.35 MiB"),
        Row(8, Figure("the stream: CPU", known_cpu * 1e3, "ms")),
        Row(8, Figure("the stream: memory", known_memory, "MiB")),
        Row(
            8,
            Figure(f"{_INVENTED} invented namespaces: memory", growth, "MiB", _TARGET_GROWTH),
            "without bound",
        ),
    ]


async def _come(
    plane: Plane, fleet: Fleet, count: int, namespace: Callable[[int], str]
) -> tuple[float, float]:
    """Connect sidecars; return CPU seconds and MiB per sidecar."""
    await plane.rest()
    meter, before = Meter(plane), plane.mebibytes
    for index in range(count):
        await fleet.join([sidecar_node(namespace(index))])
    await plane.quiet()
    return meter.cpu_seconds / count, (plane.mebibytes - before) / count
