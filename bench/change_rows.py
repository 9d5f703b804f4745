"""A row of the table of ``python -m bench change``, and the table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rich import box
from rich.table import Table

from bench.figures import Figure, amount


@dataclass(frozen=True, slots=True)
class Row:
    """A figure of this run, with its value before the redesign.

    ``number`` is the number of its row; several figures may share it. ``target`` describes a target
    that is a ratio; ``about`` precedes a value that was not measured in full.
    """

    number: int
    figure: Figure
    before: str = ""
    target: str = ""
    about: str = ""

    @property
    def value(self) -> str:
        """The measured value as text."""
        return self.about + amount(self.figure.value, self.figure.unit)

    @property
    def limit(self) -> str:
        """The target as text; empty without one."""
        if self.target or self.figure.target is None:
            return self.target
        return f"≤ {amount(self.figure.target, self.figure.unit)}"


def rows_table(rows: Iterable[Row], title: str, caption: str) -> Table:
    """Return the table; the first of several rows with one number shows it."""
    result = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, caption_justify="left")
    result.caption = caption
    result.add_column("", justify="right")
    result.add_column("")
    for heading in ("before", "measured", "target"):
        result.add_column(heading, justify="right", no_wrap=True)
    result.add_column("", no_wrap=True)
    shown = 0
    for row in rows:
        number = "" if row.number == shown else str(row.number)
        shown = row.number
        figure = row.figure
        result.add_row(number, figure.name, row.before, row.value, row.limit, figure.verdict)
    return result
