"""The results of the scenario: a table, a histogram and a verdict."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from demo.load import Outcome

_BAR_WIDTH = 16
_EDGES = (0, 1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10, 15, 20, 30, 50, 100, math.inf)


@dataclass(frozen=True, slots=True)
class Phase:
    """One load phase: its name in the table, and the outcomes of its requests in order."""

    name: str
    outcomes: tuple[Outcome, ...]

    @property
    def failures(self) -> tuple[Outcome, ...]:
        """The requests that failed or got a wrong answer."""
        return tuple(outcome for outcome in self.outcomes if outcome.failure)

    @property
    def rerouted(self) -> int:
        """The number of requests that the mesh forwarded."""
        return sum(outcome.rerouted for outcome in self.outcomes)

    @property
    def rerouted_share(self) -> float:
        """The share of rerouted requests, from 0 to 1."""
        return self.rerouted / len(self.outcomes) if self.outcomes else 0.0

    def percentile(self, share: float) -> float:
        """Return the latency in milliseconds that a ``share`` of the requests did not exceed."""
        ordered = sorted(outcome.seconds for outcome in self.outcomes)
        if not ordered:
            return math.nan
        return 1000 * ordered[max(0, math.ceil(share * len(ordered)) - 1)]

    @property
    def is_direct(self) -> bool:
        """Whether every request succeeded on the first runtime that received it."""
        return bool(self.outcomes) and not self.failures and not self.rerouted


def table(phases: Sequence[Phase]) -> RenderableType:
    """Return the figures of all phases, one per column."""
    result = Table(title="JSON requests to the gateway", title_justify="left")
    result.add_column()
    for phase in phases:
        result.add_column(phase.name, justify="right")
    result.add_row("requests", *(f"{len(phase.outcomes):,}" for phase in phases))
    result.add_row("failures", *(_bad(str(len(phase.failures))) for phase in phases))
    result.add_row(
        "rerouted inside the mesh", *(_bad(f"{phase.rerouted_share:.1%}") for phase in phases)
    )
    for label, share in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("max", 1.0)):
        result.add_row(label, *(f"{phase.percentile(share):.1f} ms" for phase in phases))
    return result


def _bad(text: str) -> Text:
    """Color a figure: green if it is zero, else red."""
    return Text(text, style="green" if float(text.rstrip("%")) == 0 else "red")


def histogram(phases: Sequence[Phase], *, bar: str = "█") -> RenderableType:
    """Return the latencies of the phases side by side, as shares of requests per range."""
    counts = [_counts(phase) for phase in phases]
    used = [row for row in range(len(_EDGES) - 1) if any(column[row] for column in counts)]
    most = max((max(column) / (sum(column) or 1) for column in counts), default=0) or 1
    result = Table(box=None, title="Latency", title_justify="left", pad_edge=False)
    result.add_column("ms", justify="right")
    for phase in phases:
        result.add_column(phase.name, min_width=_BAR_WIDTH + 5)
    for row in range(used[0], used[-1] + 1) if used else ():
        shares = [column[row] / (sum(column) or 1) for column in counts]
        result.add_row(_range(row), *(_bar(share, share / most, bar) for share in shares))
    return result


def _counts(phase: Phase) -> list[int]:
    times = [1000 * outcome.seconds for outcome in phase.outcomes]
    return [sum(low <= time < high for time in times) for low, high in itertools.pairwise(_EDGES)]


def _range(row: int) -> str:
    low, high = _EDGES[row : row + 2]
    return f"{low:g} and more" if high == math.inf else f"{low:g} to {high:g}"


def _bar(share: float, length: float, bar: str) -> Text:
    if not share:
        return Text()
    # At least one cell, so that a single slow request is visible.
    cells = max(1, round(length * _BAR_WIDTH))
    return Text.assemble((bar * cells, "cyan"), f" {share:.0%}" if share >= 0.005 else " <1%")


def verdict(before: Phase, after: Phase, moving: Phase, changes: int) -> Text:
    """Return the verdict: whether every request went straight to its model."""
    if after.is_direct and moving.is_direct:
        faster = 1 - after.percentile(0.5) / before.percentile(0.5)
        gain = f"; p50 {abs(faster):.0%} {'lower' if faster > 0 else 'higher'}"
        return Text.assemble(
            ("Straight to the model: ", "bold green"),
            f"{before.rerouted_share:.0%} of the requests took a second hop before, none after"
            f"{gain}; none failed during {changes} model loads and unloads.",
        )
    return Text.assemble(
        ("Not straight to the model: ", "bold red"),
        f"after, {after.rerouted} requests were rerouted and {len(after.failures)} failed; "
        f"while models moved, {moving.rerouted} were rerouted and {len(moving.failures)} failed.",
    )


def failures(phases: Sequence[Phase], most: int = 5) -> list[str]:
    """Return descriptions of the first failures."""
    texts = [
        f"{phase.name}: {outcome.model}: {outcome.failure}"
        for phase in phases
        for outcome in phase.failures
    ]
    return texts[:most]
