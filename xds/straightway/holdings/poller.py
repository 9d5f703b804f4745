"""Asks all runtimes in their turn, each in a task of its own.

If a runtime holds something else than before, those of its pool are asked at once: a model that
moves changes two of them, and a rollout all. So that is found together, and is one push.

A runtime is never asked twice at once, and one that does not answer delays no other: those that
fail have places of their own. A mistake of ours at one runtime is its failure, and nobody else's.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import structlog

from straightway.discovery.turns import Turns
from straightway.documents import Reference
from straightway.holdings.answers import Answer, FailureKind, NoAnswerError
from straightway.holdings.pacing import TICK, Phases, next_turn, on_tick, pause_after
from straightway.holdings.pools import Pool, Settings, Target
from straightway.holdings.runtime import Asks, Runtime
from straightway.holdings.transitions import Happening

_log = structlog.get_logger()

AT_ONCE: Final = 512
"""How many runtimes are asked at one time; and of those that fail, how many beside them."""
_TIMEOUTS: Final = 4
"""So many timeouts may asking take that needs several requests."""
_EXPIRY_SECONDS: Final = 0.5
_MOST_KEPT: Final = 1_000
"""Answers of up to so many models are kept, to compare the next one with."""
_MISTAKE_SECONDS: Final = 60.0

Makes = Callable[[Reference, Settings], Asks]
"""Makes what asks a runtime of a pool."""
Told = Callable[[Runtime, Sequence[Happening]], None]
"""Called with what has happened at a runtime, in order; also if only its settings or its error are
others now."""


class Poller:
    """Asks the runtimes of the wanted pools.

    ``told`` hears of all that happens, and ``gone`` of each runtime that is no longer wanted.
    ``chance`` decides when in the interval runtimes are asked.
    """

    def __init__(
        self,
        makes: Makes,
        told: Told,
        gone: Callable[[Runtime], None],
        *,
        chance: random.Random | None = None,
        at_once: int = AT_ONCE,
    ) -> None:
        self._makes = makes
        self._told = told
        self._gone = gone
        self._chance = chance or random.Random()  # noqa: S311 (no secret)
        self._places = {False: asyncio.Semaphore(at_once), True: asyncio.Semaphore(at_once)}
        self._runtimes: dict[Reference, dict[Target, Runtime]] = {}
        self._phases: dict[Reference, Phases] = {}
        self._failing: dict[Runtime, None] = {}
        self._unasked: set[Runtime] = set()
        self._tasks: asyncio.TaskGroup | None = None
        self._turns = Turns()
        self._looked_at: dict[Reference, float] = {}
        self._mistake_at = float("-inf")
        self.mistakes = 0
        """How many mistakes of ours were contained."""
        self.all_asked = asyncio.Event()
        """Set while every wanted runtime has been asked at least once."""
        self.all_asked.set()

    def runtimes(self, pool: Reference) -> Sequence[Runtime]:
        """Return the runtimes of a pool."""
        return tuple(self._runtimes.get(pool, {}).values())

    @property
    def pools(self) -> Sequence[Reference]:
        """The pools that are wanted."""
        return tuple(self._runtimes)

    # --- Which are wanted ---

    def follow(self, pools: Sequence[Pool]) -> None:
        """Ask the runtimes of these pools from now on, and no others.

        What is known of a runtime stays if it is only asked in another way.
        """
        wanted = {pool.discovery: pool for pool in pools}
        for reference in [each for each in self._runtimes if each not in wanted]:
            self._leave(self._runtimes.pop(reference).values())
            del self._phases[reference]
            self._looked_at.pop(reference, None)
        for reference, pool in wanted.items():
            self._follow(reference, pool)

    def _follow(self, reference: Reference, pool: Pool) -> None:
        before = self._runtimes.get(reference, {})
        phases = self._phases.setdefault(reference, Phases(self._chance.random()))
        after: dict[Target, Runtime | None] = {}
        for target in pool.targets:
            after[target] = before.pop(target, None)
        elsewhere = {runtime.place: runtime for runtime in before.values()}
        runtimes = self._runtimes[reference] = {}
        for target, known in after.items():
            place = (target.workload, target.address, target.pod)
            runtime = known or elsewhere.pop(place, None)
            if runtime is None:
                asks = self._makes(reference, pool.settings)
                runtime = Runtime(reference, target, pool.settings, asks, phases.take())
                self._start(runtime)
            elif (runtime.target, runtime.settings) != (target, pool.settings):
                runtime.ask_otherwise(target, pool.settings, self._makes(reference, pool.settings))
                self._start(runtime)
                self._told(runtime, ())
            runtimes[target] = runtime
        kept = set(runtimes.values())
        self._leave([each for each in before.values() if each not in kept])

    def _start(self, runtime: Runtime) -> None:
        if not runtime.is_asked:
            self._unasked.add(runtime)
            self.all_asked.clear()
        before = runtime.task
        if before is not None:
            before.cancel()
        if self._tasks is not None:
            runtime.task = self._tasks.create_task(self._ask_again_and_again(runtime, before))

    def _leave(self, runtimes: Iterable[Runtime]) -> None:
        for runtime in runtimes:
            if runtime.task is not None:
                runtime.task.cancel()
            self._failing.pop(runtime, None)
            self._asked(runtime)
            self._gone(runtime)

    # --- Asking ---

    async def run(self) -> None:
        """Ask until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            try:
                for runtimes in self._runtimes.values():
                    for runtime in runtimes.values():
                        runtime.task = None
                        self._start(runtime)
                await self._expire()
            finally:
                self._tasks = None

    async def _ask_again_and_again(
        self, runtime: Runtime, before: asyncio.Task[None] | None
    ) -> None:
        if before is not None:
            await asyncio.wait([before])  # It is never asked twice at once.
        now = asyncio.get_running_loop().time
        in_crowd = True
        while True:
            if in_crowd:
                await self._turns.next()
            async with self._places[runtime.memory.failures > 0]:
                found = await self._ask(runtime)
            pause = self._take_in(runtime, found, now())
            interval = runtime.settings.interval
            due = now() + pause if pause else next_turn(now(), interval, runtime.phase)
            in_crowd = not await _waited(runtime, on_tick(due))

    async def _ask(self, runtime: Runtime) -> Answer | NoAnswerError:
        target, settings = runtime.target, runtime.settings
        try:
            async with asyncio.timeout(_TIMEOUTS * settings.timeout):
                return await runtime.asks.ask(target, settings)
        except NoAnswerError as error:
            return error.with_traceback(None)
        except TimeoutError:
            return NoAnswerError(FailureKind.TIMEOUT, f"no answer within {settings.timeout:g} s")
        except Exception as mistake:  # noqa: BLE001 (the edge of our own code: logged with its cause)
            self._tell_mistake(runtime, mistake)
            words = f"internal error: {type(mistake).__name__}"
            return NoAnswerError(FailureKind.INVALID, words)

    def _take_in(self, runtime: Runtime, found: Answer | NoAnswerError, now: float) -> float:
        """Remember what came; return for how long to pause, 0 for until the next turn."""
        try:
            if isinstance(found, NoAnswerError):
                self._failed(runtime, found, now)
            else:
                self._answered(runtime, found, now)
        except Exception as mistake:  # noqa: BLE001 (the edge of our own code: logged with its cause)
            self._tell_mistake(runtime, mistake)
        finally:
            self._asked(runtime)
        if not isinstance(found, NoAnswerError):
            return 0.0
        failures, interval = max(1, runtime.memory.failures), runtime.settings.interval
        return pause_after(found.kind, failures, interval, self._chance.random)

    def _answered(self, runtime: Runtime, answer: Answer, now: float) -> None:
        memory = runtime.memory
        if memory.is_steady and answer == runtime.answer:
            return
        runtime.answer = answer if len(answer.models) <= _MOST_KEPT else None
        known = memory.values if memory.is_answering else None
        happened = memory.answered(answer, now)
        if known is not None and memory.values != known:
            self._look_around(runtime, now)
        if memory.stale_at is None:
            self._failing.pop(runtime, None)
        if happened:
            self._told(runtime, happened)

    def _failed(self, runtime: Runtime, error: NoAnswerError, now: float) -> None:
        memory = runtime.memory
        is_another = memory.error is not None and memory.error.kind is not error.kind
        self._failing[runtime] = None
        happened = memory.failed(error, now)
        if happened or (is_another and memory.is_failing):
            self._told(runtime, happened)

    def _look_around(self, runtime: Runtime, now: float) -> None:
        """Ask the other runtimes of a pool now, but only once in an interval."""
        looked_at = self._looked_at.get(runtime.pool)
        if looked_at is not None and now - looked_at < runtime.settings.interval:
            return
        self._looked_at[runtime.pool] = now
        for other in self._runtimes.get(runtime.pool, {}).values():
            if other.due is not None and other.memory.failures == 0:
                _wake(other.due)

    def _asked(self, runtime: Runtime) -> None:
        runtime.is_asked = True
        self._unasked.discard(runtime)
        if not self._unasked:
            self.all_asked.set()

    async def _expire(self) -> None:
        """Let what runtimes held go stale that do not answer."""
        now = asyncio.get_running_loop().time
        while True:
            await asyncio.sleep(_EXPIRY_SECONDS)
            for runtime in tuple(self._failing):
                try:
                    if happened := runtime.memory.expire(now()):
                        self._told(runtime, happened)
                except Exception as mistake:  # noqa: BLE001 (the edge of our own code: logged with its cause)
                    self._tell_mistake(runtime, mistake)
                if runtime.memory.stale_at is None:
                    self._failing.pop(runtime, None)

    def _tell_mistake(self, runtime: Runtime, mistake: Exception) -> None:
        """Log a mistake of ours, but not for each of a thousand runtimes."""
        self.mistakes += 1
        now = asyncio.get_running_loop().time()
        if now - self._mistake_at >= _MISTAKE_SECONDS:
            self._mistake_at = now
            _log.error(
                "internal error, a runtime is not asked", runtime=runtime.name, exc_info=mistake
            )


async def _waited(runtime: Runtime, when: float) -> bool:
    """Wait until a time, or until someone wakes the runtime; return whether it is time.

    All that wait for one tick go on in one turn of the event loop.
    """
    loop = asyncio.get_running_loop()
    runtime.due = loop.create_future()
    timer = loop.call_at(when, _wake, runtime.due)
    try:
        await runtime.due
    finally:
        runtime.due = None
        timer.cancel()
    return loop.time() >= when - TICK


def _wake(due: asyncio.Future[None]) -> None:
    if not due.done():
        due.set_result(None)
