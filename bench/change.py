"""Cost of a change, which should depend only on what the change touches.

The real ``straightway serve`` runs as a process over a folder of 1,000 services. Files change, and
xDS clients (:mod:`bench.change_client`) see when a change arrives. CPU time is that of the
process's own clock, read from outside. Nothing here depends on the internals of the server.

*before* was measured at commit 3f46a0a, before the redesign. Rows have numbers, so that you can run
single ones; rows without a target are for information. Each module explains its rows.

On a busy machine trust CPU time: wall-clock time includes what else the machine does.
"""

from __future__ import annotations

import asyncio
import resource
from collections.abc import Awaitable, Callable, Collection, Mapping
from types import MappingProxyType

from rich.console import Console
from rich.table import Table

from bench import (
    change_envoy,
    change_gateways,
    change_labels,
    change_namespaces,
    change_problems,
    change_routes,
    change_runtimes,
)
from bench.change_rows import Row, rows_table

MEASUREMENTS: Mapping[int, Callable[[], Awaitable[list[Row]]]] = MappingProxyType(
    {
        1: change_routes.one_gateway,
        2: change_routes.few_sidecars,
        3: change_routes.many_sidecars,
        4: change_labels.beside_config,
        5: change_labels.beside_warnings,
        6: change_problems.many_warnings,
        7: change_problems.many_unknown_fields,
        8: change_namespaces.new_namespaces,
        9: change_gateways.fan_out,
        10: change_envoy.routed_label,
        11: change_runtimes.one_model,
        12: change_gateways.reconnect,
        13: change_envoy.cold_start,
    }
)


def run(only: Collection[int] = ()) -> Table:
    """Measure and return the table; of single rows if ``only`` names any."""
    _raise_file_limit()
    # All on one event loop: gRPC never quite lets go of one that it has used.
    rows = asyncio.run(_measure(only))
    caption = "Before: commit 3f46a0a. ~: extrapolated from smaller sizes."
    return rows_table(rows, "What a change costs", caption)


async def _measure(only: Collection[int]) -> list[Row]:
    progress = Console(stderr=True)
    rows: list[Row] = []
    for number, measure in MEASUREMENTS.items():
        if not only or number in only:
            measured = await measure()
            progress.print(f"{number:3}  {measured[0].figure.name}: {measured[0].value}")
            rows += measured
    return rows


def row_numbers(text: str) -> frozenset[int]:
    """Parse row numbers such as ``1,4``. Raises ValueError with the reason."""
    numbers = frozenset(int(part) if part.strip().isdecimal() else 0 for part in text.split(","))
    if not numbers <= MEASUREMENTS.keys():
        last = max(MEASUREMENTS)
        raise ValueError(f"{text!r}: write row numbers from 1 to {last}, such as 1,4")
    return numbers


def _raise_file_limit() -> None:
    """Raise the limit of open files to the system's maximum: each client needs some."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
