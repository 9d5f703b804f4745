"""Troubles: the standing problems of pools whose runtimes cannot be asked, or not believed.

A pool has one problem of each code, which names a few runtimes. It is looked at again some seconds
after something has changed, so that a pool that goes away is not told a thousand times.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from straightway.documents import Finding, Problem, ProblemStore, Reference
from straightway.holdings.answers import FailureKind
from straightway.holdings.codes import HoldingsCode
from straightway.holdings.runtime import Runtime
from straightway.holdings.transitions import worded

GATHER_SECONDS: Final = 1.0
"""After a change others are waited for."""
PAUSE_SECONDS: Final = 9.0
"""How long to wait before the problems are looked at again."""
_MOST_NAMES: Final = 3

_CODES: Final = {
    FailureKind.DENIED: HoldingsCode.RUNTIME_DENIES,
    FailureKind.WRONG_API: HoldingsCode.WRONG_API,
    FailureKind.INVALID: HoldingsCode.INVALID_ANSWER,
}
_WORDS: Final = {
    HoldingsCode.RUNTIME_NOT_ANSWERING: "does not answer",
    HoldingsCode.RUNTIME_DENIES: "wants other credentials",
    HoldingsCode.WRONG_API: "has another API",
    HoldingsCode.INVALID_ANSWER: "gives answers that are not valid",
    HoldingsCode.MODELS_LEFT_OUT: "has names that are left out",
}


class Troubles:
    """Keeps the problems of pools true. ``located`` makes a finding a problem, with its place."""

    def __init__(
        self,
        problems: ProblemStore,
        runtimes: Callable[[Reference], Iterable[Runtime]],
        located: Callable[[Finding], Problem],
    ) -> None:
        self._problems = problems
        self._runtimes = runtimes
        self._located = located
        self._changed: dict[Reference, None] = {}
        self._due = asyncio.Event()

    def changed(self, pool: Reference) -> None:
        """Note that something has happened at a runtime of a pool, or that the pool is gone."""
        self._changed[pool] = None
        self._due.set()

    async def run(self) -> None:
        """Look at what has changed, again and again, until cancelled."""
        while True:
            await self._due.wait()
            await asyncio.sleep(GATHER_SECONDS)
            self._due.clear()
            self.look()
            await asyncio.sleep(PAUSE_SECONDS)

    def look(self) -> None:
        """Replace the problems of the pools at which something has happened."""
        changed, self._changed = self._changed, {}
        self._problems.update(
            {("holdings", pool): tuple(self._of(pool)) for pool in changed},
        )

    def _of(self, pool: Reference) -> Iterator[Problem]:
        found: dict[HoldingsCode, list[tuple[Runtime, str]]] = {}
        for runtime in self._runtimes(pool):
            memory = runtime.memory
            if memory.error is not None and memory.is_failing:
                code = _CODES.get(memory.error.kind, HoldingsCode.RUNTIME_NOT_ANSWERING)
                found.setdefault(code, []).append((runtime, worded(str(memory.error))))
            elif any(memory.left_out):
                why = str(memory.left_out)
                found.setdefault(HoldingsCode.MODELS_LEFT_OUT, []).append((runtime, why))
        for code, runtimes in found.items():
            message = _message(code, runtimes)
            yield self._located(Finding(pool, (), code, message))


def _message(code: HoldingsCode, runtimes: Sequence[tuple[Runtime, str]]) -> str:
    """Say it of the first few: how many there are changes too often, and is in the status."""
    chosen = sorted(runtimes, key=lambda each: each[0].name)[:_MOST_NAMES]
    named = "; ".join(f"{runtime.name}: {why}" for runtime, why in chosen)
    more = "; and others" if len(runtimes) > _MOST_NAMES else ""
    return f"A runtime {_WORDS[code]}: {named}{more}"
