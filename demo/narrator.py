"""Progress output: live on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn


class Step:
    """A running step: its progress, and the line to print at its end."""

    def __init__(self, done: str, progress: Progress, seconds: float | None) -> None:
        """Begin a step; ``seconds`` is its expected duration, if known."""
        self.done = done
        self._progress = progress
        self._seconds = seconds

    def tell(self, text: str) -> None:
        """Show what the step is doing; on a terminal only."""
        for task in self._progress.task_ids:
            self._progress.update(task, description=text)

    def after(self, seconds: float) -> None:
        """Show how many seconds have passed; on a terminal only."""
        for task in self._progress.task_ids:
            self._progress.update(task, completed=min(seconds, self._seconds or seconds))


class Narrator:
    """Prints the steps in order."""

    def __init__(self, console: Console) -> None:
        self.console = console

    @contextmanager
    def step(self, doing: str, done: str, seconds: float | None = None) -> Iterator[Step]:
        """Show ``doing`` with a spinner, or a bar for ``seconds``; then print ``done``."""
        start = time.monotonic()
        columns = [SpinnerColumn(), TextColumn("{task.description}")]
        if seconds:
            columns += [BarColumn(), TimeRemainingColumn()]
        shown = self.console.is_terminal
        with Progress(*columns, console=self.console, transient=True, disable=not shown) as bar:
            if shown:
                bar.add_task(doing, total=seconds)
            step = Step(done, bar, seconds)
            yield step
        passed = time.monotonic() - start
        line = f"[green]✓[/] {step.done} [dim]({passed:.1f} s)[/]"
        self.console.print(line, highlight=False, soft_wrap=True)
