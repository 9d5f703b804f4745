"""One run of the demo: set up, run the scenario, optionally keep running, clean up."""

from __future__ import annotations

import asyncio
from contextlib import closing
from pathlib import Path

from rich.console import Console

from demo import running, training
from demo.load import Client
from demo.moves import spread
from demo.narrator import Narrator
from demo.ports import HOST
from demo.questions import Questions
from demo.scenario import Scenario
from demo.topology import Topology

RUNTIMES = tuple(f"runtime-{number}" for number in range(1, 5))
CAPACITY = 2


async def run(console: Console, *, seconds: float, keep: bool) -> int:
    """Run the demo and return the exit code.

    0: every request went straight to a runtime that holds its model. 1: some did not, or the demo
    failed. 130: interrupted.
    """
    narrator = Narrator(console)
    return await running.run(console, lambda work: _play(narrator, work, seconds, keep))


async def _play(narrator: Narrator, work: Path, seconds: float, keep: bool) -> bool:
    async with Topology(work, capacity=CAPACITY) as topology:
        questions = await _set_up(narrator, topology)
        with closing(Client(HOST, topology.gateway_port)) as client:
            kept = await Scenario(topology, questions, client, narrator, seconds).play()
        if keep:
            await _keep(narrator.console, topology, questions, work)
    return kept


async def _set_up(narrator: Narrator, topology: Topology) -> Questions:
    with narrator.step("Training the models", "") as step:
        trained = await asyncio.to_thread(training.train, topology.models)
        questions = await asyncio.to_thread(Questions, topology.models)
        step.done = f"Trained {len(trained)} models that read handwritten digits"
    doing = "Starting the control plane, the runtimes and Envoy"
    with narrator.step(doing, "") as step:
        topology.write_config()
        placement = spread(questions.models, RUNTIMES, topology.capacity)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(topology.start_runtimes(placement))
            await topology.start_control_plane()
            await topology.start_envoy()
        step.done = f"Started the control plane, {len(placement)} runtimes and Envoy"
    for name, held in placement.items():
        narrator.console.print(f"  {name} holds {', '.join(sorted(held))}", highlight=False)
    return questions


async def _keep(console: Console, topology: Topology, questions: Questions, work: Path) -> None:
    """Print commands to try, and wait for Ctrl-C."""
    stop = asyncio.Event()
    running.on_interrupt(stop.set)
    digit = work / "digit.json"
    question = questions.about("tf-mnist")
    await asyncio.to_thread(digit.write_bytes, question.body)
    url = f"http://{HOST}:{topology.gateway_port}/v2/models"
    lines = [
        "",
        f"Everything runs until Ctrl-C. Send an image of a {question.digit} to two models:",
        "",
        *(
            f"  curl -i {url}/{model}/infer -H 'model: {model}' -d @{digit}"
            for model in ("tf-mnist", "sklearn-mnist")
        ),
        "",
        "x-served-by names the runtime that answered. Without the header `model`, Envoy picks any",
        "runtime, and x-rerouted says whether that runtime forwarded the request:",
        "",
        f"  curl -i {url}/tf-mnist/infer -d @{digit}",
        "",
        f"Config folder (edit it live): {topology.config}",
        f"Logs: {topology.processes.logs}",
        f"Envoy admin interface: http://{HOST}:{topology.admin_port}",
    ]
    for line in lines:
        console.print(line, soft_wrap=True, markup=False, highlight=False)
    await stop.wait()
