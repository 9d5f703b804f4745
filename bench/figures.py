"""Figures, and the table that shows them with their targets."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from rich import box
from rich.console import Console
from rich.progress import track
from rich.table import Table
from rich.text import Text

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure; ``target`` is its upper limit, None for information only."""

    name: str
    value: float
    unit: str
    target: float | None = None

    @property
    def verdict(self) -> Text:
        """PASS or MISS; empty without a target."""
        if self.target is None:
            return Text()
        if self.value <= self.target:
            return Text("PASS", style="bold green")
        return Text("MISS", style="bold red")


def table(title: str, parts: Mapping[str, Sequence[Figure]], caption: str) -> Table:
    """Return the table of a benchmark; a named part gets its name as heading."""
    result = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, caption_justify="left")
    result.caption = caption
    result.add_column("")
    for heading in ("measured", "target"):
        result.add_column(heading, justify="right", no_wrap=True)
    result.add_column("", no_wrap=True)
    for name, figures in parts.items():
        if name:
            result.add_row(Text(name, style="bold"))
        for figure in figures:
            target = "" if figure.target is None else f"≤ {amount(figure.target, figure.unit)}"
            result.add_row(figure.name, amount(figure.value, figure.unit), target, figure.verdict)
        result.add_section()
    return result


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that a ``share`` of the values does not exceed."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def in_steps(items: Sequence[Item], doing: str) -> Iterable[Item]:
    """Iterate over the items; show the progress on a terminal."""
    console = Console(stderr=True)
    return track(items, doing, console=console, transient=True, disable=not console.is_terminal)


def amount(value: float, unit: str) -> str:
    """Return a value as text with its significant digits."""
    digits = 0 if value >= 100 or value == int(value) else 1 if value >= 10 else 2
    return f"{value:,.{digits}f} {unit}"


@contextmanager
def waiting(doing: str) -> Iterator[None]:
    """Show a status on a terminal during the block."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield
        return
    with console.status(doing):
        yield
