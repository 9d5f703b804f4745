"""Model discovery: what runtimes say that they hold becomes part of the config.

Runtimes are asked as long as some ModelDiscovery names them; what that needs is loaded with the
first one. Before the first config is in force, each runtime is asked once: a control plane that
starts must not take from proxies what the one before it knew.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from straightway.control import Control
from straightway.documents import ProblemStore, Reference
from straightway.holdings.pools import Pool, pools
from straightway.units import Call

if TYPE_CHECKING:
    from straightway.holdings.apis import HttpClient
    from straightway.holdings.holdings import Holdings
    from straightway.holdings.transitions import Transition
    from straightway.holdings.views import PoolView

FIRST_ANSWERS_SECONDS: Final = 3.0
"""For how long the first config waits for the runtimes' answers."""
REPORT_SECONDS: Final = 2.0
"""How often the pools are told at which something has happened."""


class ModelDiscoveries:
    """Asks the runtimes of all pools, and tells the control loop what they hold."""

    def __init__(self, control: Control, problems: ProblemStore) -> None:
        self._control = control
        self._problems = problems
        self._pools: Sequence[Pool] = ()
        self._wanted = asyncio.Event()
        self._running = asyncio.Event()
        self._stirred: dict[Reference, None] = {}
        self._report: Callable[[Iterable[Reference]], None] = lambda _: None
        self._http: HttpClient | None = None
        self.holdings: Holdings | None = None
        """What is known; None while nothing was ever asked."""
        control.follow(Call(pools), self._follow)
        control.before_first(self._ask_all)

    def report_to(self, report: Callable[[Iterable[Reference]], None]) -> None:
        """Call ``report`` with the pools at which something has happened, every few seconds."""
        self._report = report

    def status(self, discovery: Reference) -> Mapping[str, Any] | None:
        """Return what the status of a ModelDiscovery says of its runtimes; None if unknown."""
        view = self.holdings.view(discovery) if self.holdings is not None else None
        return status_of(view) if view is not None else None

    async def run(self) -> None:
        """Ask and tell until cancelled; do nothing while there are no pools."""
        await self._wanted.wait()
        from straightway.holdings.apis import HttpClient

        self._http = self._http or HttpClient()
        self.holdings = self.holdings or self._made(self._http)
        self._running.set()
        async with self._http, asyncio.TaskGroup() as tasks:
            tasks.create_task(self.holdings.run())
            tasks.create_task(self._report_again_and_again())

    def _made(self, http: HttpClient) -> Holdings:
        """Make what is kept if :meth:`run` begins anew: else what it told would stay for ever."""
        from straightway.holdings.asking import asks_with
        from straightway.holdings.holdings import Holdings
        from straightway.open_files import allow_many

        allow_many()
        holdings = Holdings(
            self._control.observe,
            asks_with(http),
            problems=self._problems,
            located=self._control.located,
        )
        holdings.listen(self._stir)
        holdings.follow(self._pools)
        return holdings

    async def _report_again_and_again(self) -> None:
        while True:
            await asyncio.sleep(REPORT_SECONDS)
            stirred, self._stirred = self._stirred, {}
            if stirred:
                self._report(stirred)

    def _stir(self, transitions: Sequence[Transition]) -> None:
        self._stirred.update((each.pool, None) for each in transitions)

    def _follow(self, wanted: Sequence[Pool]) -> None:
        self._pools = wanted
        if wanted:
            self._wanted.set()
        if self.holdings is not None:
            self.holdings.follow(wanted)
        self._stirred.update((pool.discovery, None) for pool in wanted)

    async def _ask_all(self) -> None:
        if self._pools:
            with suppress(TimeoutError):
                async with asyncio.timeout(FIRST_ANSWERS_SECONDS):
                    await self._running.wait()
            if self.holdings is not None:
                await self.holdings.asked(FIRST_ANSWERS_SECONDS)


def status_of(view: PoolView) -> dict[str, Any]:
    """Return what the status of a ModelDiscovery says: counts, and the last errors by runtime."""
    runtimes: dict[str, Any] = {"asked": view.runtimes, "answering": view.answering}
    if view.apis:
        runtimes["apis"] = [str(api) for api in view.apis]
    if view.errors:
        runtimes["errors"] = [{"name": name, "error": error} for name, error in view.errors]
    return {"runtimes": runtimes, "models": {"ready": view.models, "loading": view.loading}}
