"""Model discovery: what runtimes say that they hold becomes part of the config.

Runtimes are asked as long as some ModelDiscovery names them; what that needs is loaded with the
first one. Before the first config is in force, each runtime is asked once: a control plane that
starts must not take from proxies what the one before it knew.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from straightway.control import Control
from straightway.documents import ProblemStore
from straightway.holdings.pools import Pool, pools
from straightway.units import Call

if TYPE_CHECKING:
    from straightway.holdings.holdings import Holdings
    from straightway.holdings.transitions import Transition

FIRST_ANSWERS_SECONDS: Final = 3.0
"""For how long the first config waits for the runtimes' answers."""


class ModelDiscoveries:
    """Asks the runtimes of all pools, and tells the control loop what they hold."""

    def __init__(self, control: Control, problems: ProblemStore) -> None:
        self._control = control
        self._problems = problems
        self._pools: Sequence[Pool] = ()
        self._wanted = asyncio.Event()
        self._running = asyncio.Event()
        self._listeners: list[Callable[[Sequence[Transition]], None]] = []
        self.holdings: Holdings | None = None
        """What is known; None while nothing was ever asked."""
        control.follow(Call(pools), self._follow)
        control.before_first(self._ask_all)

    def listen(self, listener: Callable[[Sequence[Transition]], None]) -> None:
        """Call ``listener`` with what happens at runtimes; before :meth:`run`."""
        self._listeners.append(listener)

    async def run(self) -> None:
        """Ask and tell until cancelled; do nothing while there are no pools."""
        await self._wanted.wait()
        from straightway.holdings.apis import HttpClient
        from straightway.holdings.asking import by_http
        from straightway.holdings.holdings import Holdings

        async with HttpClient() as http:
            self.holdings = Holdings(
                self._control.observe,
                by_http(http),
                problems=self._problems,
                origin_of=self._control.origin,
            )
            for listener in self._listeners:
                self.holdings.listen(listener)
            self.holdings.follow(self._pools)
            self._running.set()
            await self.holdings.run()

    def _follow(self, wanted: Sequence[Pool]) -> None:
        self._pools = wanted
        if wanted:
            self._wanted.set()
        if self.holdings is not None:
            self.holdings.follow(wanted)

    async def _ask_all(self) -> None:
        if self._pools:
            with suppress(TimeoutError):
                async with asyncio.timeout(FIRST_ANSWERS_SECONDS):
                    await self._running.wait()
            if self.holdings is not None:
                await self.holdings.asked(FIRST_ANSWERS_SECONDS)
