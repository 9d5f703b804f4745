"""Rows 10 and 13: the measurements of :mod:`bench.label` and :mod:`bench.cold`."""

from __future__ import annotations

from statistics import median

from bench.change_rows import Row
from bench.cold import seconds_until_held
from bench.config import Endpoints
from bench.figures import Figure
from bench.label import seconds_until_routed

_LABELS = 50
_STARTS = 4


async def routed_label() -> list[Row]:
    """Measure row 10."""
    seconds = seconds_until_routed(_LABELS)
    name = "one label changes on disk: until a real Envoy routes by it, p50"
    return [Row(10, Figure(name, median(seconds) * 1e3, "ms", 12.0), "22 ms")]


async def cold_start() -> list[Row]:
    """Measure row 13; the first start only warms the system's caches."""
    seconds = seconds_until_held(Endpoints.WORKLOADS, _STARTS)[1:]
    return [
        Row(13, Figure("cold start with WorkloadEntries", median(seconds), "s", 2.0), "2.3 s"),
        Row(13, Figure("the fastest start", min(seconds), "s")),
    ]
