"""The results: how requests found their models, and how soon what was loaded was routed to."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from demo.moves import Change
from demo.real.client import Outcome
from demo.real.questions import Way

KNOWN_AFTER_SECONDS = 3.0
"""How long after an unload its runtime may still be tried first: an interval, and much patience."""


@dataclass(frozen=True, slots=True)
class Unload:
    """A model that a runtime gave up; times of ``time.monotonic``."""

    change: Change
    start: float
    end: float

    def explains(self, outcome: Outcome) -> bool:
        """Whether a request may have been sent to the runtime that gave up its model."""
        sent = self.start - outcome.seconds <= outcome.start <= self.end + KNOWN_AFTER_SECONDS
        return sent and outcome.question.model == self.change.model


@dataclass(frozen=True, slots=True)
class Routed:
    """A model that was loaded, and the seconds until a request was answered there."""

    change: Change
    seconds: float


@dataclass(slots=True)
class Phase:
    """One phase: its name, the outcomes of its requests, and what moved meanwhile."""

    name: str
    outcomes: list[Outcome] = field(default_factory=list)
    loads: list[Routed] = field(default_factory=list)
    unloads: list[Unload] = field(default_factory=list)

    @property
    def failures(self) -> list[Outcome]:
        """The requests that failed or got a wrong answer."""
        return [each for each in self.outcomes if each.failure]

    @property
    def astray(self) -> list[Outcome]:
        """The requests that were first sent to a runtime without their model, for no reason."""
        return [each for each in self.outcomes if not self._is_right(each)]

    def _is_right(self, outcome: Outcome) -> bool:
        return outcome.is_straight or any(each.explains(outcome) for each in self.unloads)

    @property
    def elsewhere(self) -> int:
        """The number of requests that another runtime than the first answered."""
        return sum(not each.failure and not each.is_straight for each in self.outcomes)

    @property
    def is_kept(self) -> bool:
        """Whether nothing failed, and nothing went astray."""
        return bool(self.outcomes) and not self.failures and not self.astray


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that a ``share`` of the values does not exceed; NaN without values."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else math.nan


def found(phases: Sequence[Phase]) -> RenderableType:
    """Return a table of the requests by phase, and by where they say their model."""
    result = Table(title="Requests to the gateway", title_justify="left")
    result.add_column()
    result.add_column("found by")
    for name in ("requests", "failures", "straight", "p50", "p99"):
        result.add_column(name, justify="right")
    for phase in phases:
        for way in Way:
            outcomes = [each for each in phase.outcomes if each.question.way is way]
            last = way is list(Way)[-1]
            label = phase.name if way is Way.PATH else ""
            result.add_row(label, way.value, *_figures(outcomes), end_section=last)
    return result


def _figures(outcomes: Sequence[Outcome]) -> Iterator[str | Text]:
    failures = sum(bool(each.failure) for each in outcomes)
    yield f"{len(outcomes):,}"
    yield Text(f"{failures:,}", style="red" if failures else "green")
    straight = sum(each.is_straight for each in outcomes)
    yield f"{straight / len(outcomes):.1%}" if outcomes else "-"
    for share in (0.5, 0.99):
        yield f"{1000 * percentile([each.seconds for each in outcomes], share):.1f} ms"


def moved(phase: Phase) -> RenderableType:
    """Return a table of the times from the end of a load to the first answer from there."""
    result = Table(title="Moved → routed", title_justify="left")
    result.add_column()
    for name in ("loads", "p50", "max"):
        result.add_column(name, justify="right")
    kinds = sorted({each.change.runtime.partition("-")[0] for each in phase.loads})
    for kind in kinds:
        times = [
            each.seconds for each in phase.loads if each.change.runtime.partition("-")[0] == kind
        ]
        shown = (f"{percentile(times, share):.2f} s" for share in (0.5, 1.0))
        result.add_row(kind, str(len(times)), *shown)
    return result


def verdict(before: Phase, after: Phase, moving: Phase) -> Text:
    """Return the verdict: whether every request was answered by a runtime that holds its model."""
    if after.is_kept and moving.is_kept:
        share = len(before.failures) / max(1, len(before.outcomes))
        return Text.assemble(
            ("Straight to the model: ", "bold green"),
            f"{share:.0%} of the requests failed before, none after, and none during "
            f"{len(moving.loads)} loads and {len(moving.unloads)} unloads; {moving.elsewhere} came "
            "to a runtime that had just unloaded their model, and another one answered.",
        )
    return Text.assemble(
        ("Not straight to the model: ", "bold red"),
        f"after, {len(after.failures)} requests failed and {len(after.astray)} went astray; while "
        f"models moved, {len(moving.failures)} failed and {len(moving.astray)} went astray.",
    )


def mistakes(phases: Sequence[Phase], most: int = 5) -> list[str]:
    """Return descriptions of the first requests that failed or went astray."""
    texts = [
        f"{phase.name}: {each.question.model} by {each.question.way}: "
        + (each.failure or f"{each.runtime} answered at attempt {each.attempts}")
        for phase in phases
        for each in phase.astray
    ]
    return texts[:most]
