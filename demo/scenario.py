"""The scenario: load without the extension, with it, and while models move."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from dataclasses import dataclass, field

from demo import load, report
from demo.load import Client
from demo.moves import Change, next_change
from demo.narrator import Narrator, Step
from demo.plane import CONTROL_PLANE
from demo.questions import Questions
from demo.report import Phase
from demo.topology import Topology

RATE = 100.0
"""Requests per second."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """The scenario; ``seconds`` is the duration of each load phase."""

    topology: Topology
    questions: Questions
    client: Client
    narrator: Narrator
    seconds: float
    changes: list[Change] = field(default_factory=list)

    async def play(self) -> bool:
        """Run all phases and print the results; return whether every request went straight."""
        await self._until_answered(straight=False)
        before = await self._load("before", "without the extension", seed=1)
        await self._switch_on()
        after = await self._load("after", "with the extension", seed=1)
        moving = await self._load("models moving", "while models move", seed=2, move=True)
        self._print(before, after, moving)
        return after.is_direct and moving.is_direct

    async def _switch_on(self) -> None:
        with self.narrator.step("Waiting until Envoy routes by model", "") as step:
            names = " and ".join(self.topology.switch_on())
            step.done = f"Added {names} to the folder: Envoy routes by model"
            await self._until_answered(straight=True)

    async def _until_answered(self, *, straight: bool) -> None:
        """Wait until all models answer, with enough requests to reach every runtime."""
        turns = 2 * len(self.topology.runtimes)
        asked = [self.questions.about(model) for model in self.questions.models] * turns

        def is_so() -> bool:
            # An open connection stays on the old listener until Envoy has drained it, which takes
            # minutes. A new connection uses the new listener.
            self.client.close()
            outcomes = (self.client.ask(question) for question in asked)
            return all(not (one.failure or (straight and one.rerouted)) for one in outcomes)

        what = "waiting for answers" + (" without a second hop" if straight else "")
        await self.topology.processes.until(is_so, what, CONTROL_PLANE, seconds=15)

    async def _load(self, name: str, how: str, *, seed: int, move: bool = False) -> Phase:
        """Run one load phase at the tutorial's rate."""
        stop = threading.Event()
        questions = self.questions.at_random(seed)
        with self.narrator.step(f"{RATE:g} requests per second {how}", "", self.seconds) as step:
            async with asyncio.TaskGroup() as tasks:
                loading = tasks.create_task(
                    asyncio.to_thread(load.run, self.client.ask, questions, rate=RATE, stop=stop)
                )
                try:
                    async with asyncio.TaskGroup() as meanwhile:
                        meanwhile.create_task(self._watch_the_clock(step))
                        if move:
                            meanwhile.create_task(self._move_models(step))
                finally:
                    stop.set()
            outcomes = loading.result()
            step.done = f"Sent {len(outcomes):,} requests {how}"
        return Phase(name, tuple(outcomes))

    async def _watch_the_clock(self, step: Step) -> None:
        start = time.monotonic()
        while (passed := time.monotonic() - start) < self.seconds:
            step.after(passed)
            await asyncio.sleep(min(0.1, self.seconds - passed))

    async def _move_models(self, step: Step) -> None:
        """Load and unload models one at a time until the phase ends."""
        chooser = random.Random(3)
        end = time.monotonic() + self.seconds
        while time.monotonic() < end:
            change = next_change(
                await self.topology.placement(),
                self.questions.models,
                self.topology.capacity,
                chooser,
            )
            step.tell(f"{'load' if change.load else 'unload'} {change.model} on {change.runtime}")
            await self.topology.change(change)
            self.changes.append(change)

    def _print(self, before: Phase, after: Phase, moving: Phase) -> None:
        phases = (before, after, moving)
        console = self.narrator.console
        bar = "#" if console.options.ascii_only else "█"
        for part in (report.table(phases), report.histogram(phases, bar=bar)):
            console.print("", part, sep="\n")
        console.print("", report.verdict(before, after, moving, len(self.changes)), sep="\n")
        for text in report.failures(phases):
            console.print(f"  {text}", markup=False, highlight=False)
