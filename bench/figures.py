"""Figures, and the table that shows them beside their targets."""

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
    """One measured figure; ``target`` is the most that it should be, None if it only explains."""

    name: str
    value: float
    unit: str
    target: float | None = None

    @property
    def verdict(self) -> Text:
        """PASS, MISS, or nothing where there is no target."""
        if self.target is None:
            return Text()
        if self.value <= self.target:
            return Text("PASS", style="bold green")
        return Text("MISS", style="bold red")


def table(title: str, parts: Mapping[str, Sequence[Figure]], caption: str) -> Table:
    """Return the table of a benchmark; a part with a name is headed by it."""
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
    """Return the value that such a share of the values does not exceed."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def in_steps(items: Sequence[Item], doing: str) -> Iterable[Item]:
    """Go through the items; a terminal shows how far it is."""
    console = Console(stderr=True)
    return track(items, doing, console=console, transient=True, disable=not console.is_terminal)


def amount(value: float, unit: str) -> str:
    """Return a value as text, with as many digits as tell something."""
    digits = 0 if value >= 100 or value == int(value) else 1 if value >= 10 else 2
    return f"{value:,.{digits}f} {unit}"


@contextmanager
def waiting(doing: str) -> Iterator[None]:
    """Show on a terminal that something is under way."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield
        return
    with console.status(doing):
        yield
