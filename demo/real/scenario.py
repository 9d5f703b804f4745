"""The scenario: requests without subset keys, with them, and while models move."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

from demo import load
from demo.moves import Change, next_change
from demo.narrator import Narrator, Step
from demo.plane import CONTROL_PLANE
from demo.processes import DemoError
from demo.real import report
from demo.real.client import Client, Outcome
from demo.real.pool import Pool
from demo.real.questions import Questions, Way
from demo.real.report import Phase, Routed, Unload

RATE = 60.0
"""Requests per second."""
ROOM = 2
"""Models that a runtime holds at most."""
_ROUTED_SECONDS = 15.0


@dataclass(slots=True)
class Scenario:
    """The scenario; ``seconds`` is the duration of each of the first two phases."""

    pool: Pool
    placement: dict[str, frozenset[str]]
    questions: Questions
    narrator: Narrator
    seconds: float

    async def play(self) -> bool:
        """Run all phases and print the results; return whether every promise was kept."""
        with closing(Client(self.pool.gateway_port)) as client:
            await self._until_reachable(client)
            before = await self._phase("before", "without the extension", seed=1)
            await self._switch_on(client)
            after = await self._phase("after", "with the extension", seed=1)
            moving = await self._phase("moving", "while models move", seed=2, prober=client)
        self._print(before, after, moving)
        return after.is_kept and moving.is_kept

    async def _until_reachable(self, client: Client) -> None:
        def is_so() -> bool:
            questions = (self.questions.about(self.questions.models[0], way) for way in Way)
            outcomes = [client.ask(question) for question in questions for _ in range(8)]
            return all(
                any(each.runtime for each in outcomes if each.question.way is way) for way in Way
            )

        await self.pool.processes.until(is_so, "waiting for answers", CONTROL_PLANE)

    async def _switch_on(self, client: Client) -> None:
        with self.narrator.step("Waiting until Envoy routes by model", "") as step:
            *names, last = self.pool.switch_on()
            step.done = f"Added {', '.join(names)} and {last}: Envoy routes by model"
            asked = [
                self.questions.about(model, way)
                for model in self.questions.models
                for way in Way
                for _ in range(len(self.pool.runtimes))
            ]

            def is_so() -> bool:
                return all(client.ask(question).is_straight for question in asked)

            await self.pool.processes.until(is_so, "waiting for straight answers", CONTROL_PLANE)

    async def _phase(
        self, name: str, how: str, *, seed: int, prober: Client | None = None
    ) -> Phase:
        """Send requests at the rate, meanwhile move models if there is a ``prober``."""
        phase = Phase(name)
        seconds = self.seconds * (4 if prober else 1)
        with self.narrator.step(f"{RATE:g} requests per second {how}", "", seconds) as step:
            async with asyncio.TaskGroup() as tasks:
                with self._requests(tasks, seed) as loading:
                    await self._meanwhile(step, phase, seconds, prober)
            phase.outcomes += loading.result()
            step.done = f"Sent {len(phase.outcomes):,} requests {how}"
        return phase

    @contextmanager
    def _requests(
        self, tasks: asyncio.TaskGroup, seed: int
    ) -> Iterator[asyncio.Task[list[Outcome]]]:
        stop = threading.Event()

        def send() -> list[Outcome]:
            with closing(Client(self.pool.gateway_port)) as client:
                questions = self.questions.at_random(seed)
                return load.run(client.ask, questions, rate=RATE, stop=stop)

        try:
            yield tasks.create_task(asyncio.to_thread(send))
        finally:
            stop.set()

    async def _meanwhile(
        self, step: Step, phase: Phase, seconds: float, prober: Client | None
    ) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_watch_the_clock(step, seconds))
            if prober:
                tasks.create_task(self._move_models(step, phase, seconds, prober))

    async def _move_models(self, step: Step, phase: Phase, seconds: float, prober: Client) -> None:
        """Load and unload models one at a time, by the servers' own APIs, until the phase ends."""
        chooser = random.Random(3)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            change = next_change(self.placement, self.questions.models, ROOM, chooser)
            step.tell(f"{'load' if change.load else 'unload'} {change.model} on {change.runtime}")
            held = self.placement[change.runtime]
            # Without a pause every change would begin just after its runtime was asked.
            await asyncio.sleep(chooser.random())
            start = time.monotonic()
            await self.pool.change(change)
            returned = time.monotonic()
            if change.load:
                self.placement[change.runtime] = held | {change.model}
                await asyncio.to_thread(self._until_routed, change, returned, phase, prober)
            else:
                self.placement[change.runtime] = held - {change.model}
                phase.unloads.append(Unload(change, start, returned))

    def _until_routed(self, change: Change, returned: float, phase: Phase, prober: Client) -> None:
        """Ask about a model until the runtime that has loaded it answers."""
        question = self.questions.about(change.model)
        while True:
            outcome = prober.ask(question)
            phase.outcomes.append(outcome)
            if outcome.runtime == change.runtime:
                phase.loads.append(Routed(change, time.monotonic() - returned))
                return
            if time.monotonic() > returned + _ROUTED_SECONDS:
                log = self.pool.processes.tail(CONTROL_PLANE)
                message = f"{change.model} is on {change.runtime}, but no request went there"
                raise DemoError(f"{message} within {_ROUTED_SECONDS:g} s.\n{log}")
            time.sleep(0.005)

    def _print(self, before: Phase, after: Phase, moving: Phase) -> None:
        phases = (before, after, moving)
        console = self.narrator.console
        for part in (report.found(phases), report.moved(moving)):
            console.print("", part, sep="\n")
        console.print("", report.verdict(before, after, moving), sep="\n")
        for text in report.mistakes((after, moving)):
            console.print(f"  {text}", markup=False, highlight=False)


async def _watch_the_clock(step: Step, seconds: float) -> None:
    start = time.monotonic()
    while (passed := time.monotonic() - start) < seconds:
        step.after(passed)
        await asyncio.sleep(min(0.1, seconds - passed))
