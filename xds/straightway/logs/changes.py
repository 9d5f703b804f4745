"""Logs which objects changed, and which were given up after they had vanished."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from heapq import nsmallest
from itertools import islice
from typing import Final

import structlog

from straightway.catalog import WORKLOAD_KINDS
from straightway.documents import Change, ChangeListener, Reference

_log = structlog.get_logger()
_MOST_NAMES: Final = 5


class ChangeLog(ChangeListener):
    """One line per change: at DEBUG if only workloads changed, which they may do all the time.

    ``grace`` is for how many seconds objects that vanished at once are held.
    """

    def __init__(self, grace: float) -> None:
        self._grace = grace

    def changed(self, change: Change) -> None:
        """Log how many objects were added, changed and removed, and the first few names."""
        named = [
            ("removed", change.removed),
            ("changed", change.changed),
            ("added", change.added),
        ]
        config = any(
            reference.kind not in WORKLOAD_KINDS
            for _, references in named
            for reference in references
        )
        level, event = (
            (_log.info, "config changed") if config else (_log.debug, "workloads changed")
        )
        names = (f"{what} {reference}" for what, references in named for reference in references)
        level(
            event,
            **{what: len(references) for what, references in named if references},
            objects=list(islice(names, _MOST_NAMES)),
        )

    def given_up(self, vanished: Sequence[Reference]) -> None:
        """Warn of the objects that are removed after the grace time."""
        _log.warning(
            "vanished objects removed",
            removed=", ".join(_counts(vanished)),
            reason=f"missing for {self._grace:g} s",
            objects=[str(reference) for reference in nsmallest(_MOST_NAMES, vanished)],
        )


def _counts(references: Collection[Reference]) -> Iterator[str]:
    """Yield ``1 Gateway``, ``40 VirtualServices`` and the like, by kind."""
    numbers = Counter(reference.kind for reference in references)
    for kind, number in sorted(numbers.items()):
        yield f"{number} {kind if number == 1 else _plural(kind)}"


def _plural(kind: str) -> str:
    return f"{kind[:-1]}ies" if kind.endswith("y") else f"{kind}s"
