"""Figures beside a floor: the cost of a minimal implementation, measured in the same run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from rich import box
from rich.table import Table

from bench.figures import Figure, amount

Pair = tuple[float, float]
"""A measured value, and the value of its floor."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A measured figure, its floor, and its target in numbers and in words."""

    measured: Figure
    floor: float
    target: str

    @classmethod
    def times(cls, name: str, pair: Pair, unit: str, most: float) -> Self:
        """Return a comparison whose target is a multiple of the floor."""
        measured, floor = pair
        return cls(Figure(name, measured, unit, floor * most), floor, f"≤ floor * {most:g}")

    @classmethod
    def above(cls, name: str, pair: Pair, unit: str, most: float) -> Self:
        """Return a comparison whose target is the floor plus a margin."""
        measured, floor = pair
        target = f"≤ floor + {amount(most, unit)}"
        return cls(Figure(name, measured, unit, floor + most), floor, target)

    @classmethod
    def told(cls, name: str, pair: Pair, unit: str) -> Self:
        """Return a comparison without a target."""
        measured, floor = pair
        return cls(Figure(name, measured, unit), floor, "")

    @classmethod
    def within(cls, name: str, pair: Pair, unit: str, most: float) -> Self:
        """Return a comparison whose target does not depend on the floor."""
        measured, floor = pair
        return cls(Figure(name, measured, unit, most), floor, f"≤ {amount(most, unit)}")


def comparison_table(title: str, comparisons: Sequence[Comparison], caption: str) -> Table:
    """Return the table of a benchmark with a floor."""
    result = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, caption_justify="left")
    result.caption = caption
    result.add_column("")
    for heading in ("measured", "floor", "ratio", "target"):
        result.add_column(heading, justify="right", no_wrap=True)
    result.add_column("", no_wrap=True)
    for comparison in comparisons:
        measured, floor = comparison.measured, comparison.floor
        result.add_row(
            measured.name,
            amount(measured.value, measured.unit),
            amount(floor, measured.unit),
            f"{measured.value / floor:.2f}" if floor else "",
            comparison.target,
            measured.verdict,
        )
    return result
