"""Holdings: what all runtimes hold, asked again and again, and told to the control loop."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from time import time
from typing import Final, TypeAlias

from straightway.catalog import Observation
from straightway.documents import Finding, Problem, ProblemStore, Reference
from straightway.documents.telling import tell_all
from straightway.holdings.log import TransitionLog
from straightway.holdings.poller import Makes, Poller
from straightway.holdings.pools import Pool
from straightway.holdings.runtime import Runtime
from straightway.holdings.transitions import Happening, Transition
from straightway.holdings.troubles import Troubles
from straightway.holdings.united import Observe, United
from straightway.holdings.views import PoolView, RuntimeView, pool_view, runtime_view

Listener: TypeAlias = Callable[[Sequence[Transition]], None]

QUIET_SECONDS: Final = 0.010
"""Changes are told when there was none for so long: what happens at many runtimes is one push."""
GATHER_SECONDS: Final = 0.200
"""But no change waits longer than this for others."""


class Holdings:
    """Asks the runtimes of the wanted pools what they hold, and tells ``observe`` what changes.

    ``makes`` makes what asks a runtime. ``problems`` takes what is wrong with pools, and
    ``located`` makes a finding a problem, with its place. ``clock`` is that of the world, in
    seconds.
    """

    def __init__(
        self,
        observe: Observe,
        makes: Makes,
        *,
        problems: ProblemStore | None = None,
        located: Callable[[Finding], Problem] | None = None,
        clock: Callable[[], float] = time,
        chance: random.Random | None = None,
    ) -> None:
        self._poller = Poller(makes, self._happened, self._gone, chance=chance)
        self._united = United(observe)
        self._log = TransitionLog()
        store = ProblemStore() if problems is None else problems
        self._troubles = Troubles(store, self._poller.runtimes, located or _anywhere)
        self._clock = clock
        self._listeners: list[Listener] = [self._log.told]
        self._changes = 0
        self._changed = asyncio.Event()

    # --- What is wanted ---

    def follow(self, pools: Sequence[Pool]) -> None:
        """Ask the runtimes of these pools from now on, and no others.

        What other runtimes held is taken back at once.
        """
        before = set(self._poller.pools)
        self._poller.follow(pools)
        for pool in before ^ set(self._poller.pools):
            self._troubles.changed(pool)

    def listen(self, listener: Listener) -> None:
        """Call ``listener`` with the transitions of runtimes from now on, in order."""
        self._listeners.append(listener)

    def push(
        self, source: str, workload: Reference, key: str, values: Iterable[str], origin: str
    ) -> None:
        """Take in what another source says that a workload holds, until it says something else."""
        told = ("pushed", source, key)
        held = tuple(sorted(set(values)))
        if held:
            self._united.tell(told, workload, key, Observation(held, self._clock(), origin))
        else:
            self._united.withdraw(told, workload)
        self._note_change()

    # --- Running ---

    async def run(self) -> None:
        """Ask and tell until cancelled."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._poller.run())
                tasks.create_task(self._tell_changes())
                tasks.create_task(self._troubles.run())
        finally:
            self._log.close()

    async def asked(self, within: float) -> None:
        """Wait until each wanted runtime has been asked once, and what they hold is told.

        A control plane that serves before that would take their models from all proxies. It waits
        for at most ``within`` seconds.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(within):
                await self._poller.all_asked.wait()
        self._united.flush()

    async def _tell_changes(self) -> None:
        now = asyncio.get_running_loop().time
        while True:
            await self._changed.wait()
            latest, seen = now() + GATHER_SECONDS, -1
            while seen != self._changes and now() < latest:
                seen = self._changes
                await asyncio.sleep(QUIET_SECONDS)
            self._changed.clear()
            self._united.flush()

    # --- What has happened ---

    def _happened(self, runtime: Runtime, happenings: Sequence[Happening]) -> None:
        at, memory = self._clock(), runtime.memory
        observation = Observation(memory.values, at, runtime.origin)
        self._united.tell(runtime, runtime.target.workload, runtime.settings.key, observation)
        self._note_change()
        self._troubles.changed(runtime.pool)
        if not happenings:
            return
        transitions = [Transition(at, runtime.pool, runtime.target, *each) for each in happenings]
        tell_all(self._listeners, lambda listener: listener(transitions))

    def _gone(self, runtime: Runtime) -> None:
        self._united.withdraw(runtime, runtime.target.workload)
        self._troubles.changed(runtime.pool)
        self._note_change()

    def _note_change(self) -> None:
        if self._united.is_changed:
            self._changes += 1
            self._changed.set()

    # --- What is known ---

    def view(self, pool: Reference) -> PoolView | None:
        """Return what is known of a pool, for its status; None if it is not asked."""
        return pool_view(self._poller.runtimes(pool)) if pool in self._poller.pools else None

    def runtimes(self, pool: Reference) -> list[RuntimeView]:
        """Return what is known of each runtime of a pool."""
        return [runtime_view(each) for each in self._poller.runtimes(pool)]

    def held(self, workload: Reference) -> dict[str, dict[str, list[str]]]:
        """Return where each value of a workload comes from, by subset key and value."""
        return self._united.held(workload)

    @property
    def mistakes(self) -> int:
        """How many mistakes of ours were contained."""
        return self._poller.mistakes


def _anywhere(finding: Finding) -> Problem:
    """Return a finding as a problem of an object whose place nobody knows."""
    code, subject = finding.code, finding.subject
    return Problem(str(subject), code, code.severity, finding.message, reference=subject)
