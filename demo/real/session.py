"""One run with real servers: set up, run the scenario, optionally keep running, clean up."""

from __future__ import annotations

import asyncio
from pathlib import Path

from rich.console import Console

from demo import running
from demo.moves import spread
from demo.narrator import Narrator
from demo.ports import HOST
from demo.processes import DemoError
from demo.real import weights
from demo.real.pool import RUNTIMES, Pool
from demo.real.questions import Questions
from demo.real.scenario import ROOM, Scenario
from demo.real.servers import places


async def run(console: Console, *, seconds: float, keep: bool) -> int:
    """Run the demo and return the exit code.

    0: every request was answered by a runtime that holds its model, and was sent straight there as
    far as that could be known. 1: some were not, or the demo failed. 130: interrupted.
    """
    narrator = Narrator(console)
    return await running.run(console, lambda work: _play(narrator, work, seconds, keep))


async def _play(narrator: Narrator, work: Path, seconds: float, keep: bool) -> bool:
    missing = [name for name in ("triton", "mlserver") if not places.has(name)]
    if missing:
        raise DemoError(f"{' and '.join(missing)} not installed: `make demo REAL=1` does it")
    with narrator.step("Training the models", "") as step:
        models = await asyncio.to_thread(weights.train)
        questions = Questions(models)
        step.done = f"Trained {len(models)} models that read handwritten digits"
    placement = spread(questions.models, RUNTIMES, ROOM)
    async with Pool(work, models) as pool:
        with narrator.step("Starting the control plane, Triton, MLServer and Envoy", "") as step:
            await pool.start(placement)
            step.done = "Started the control plane, 2 Tritons, 2 MLServers and Envoy"
        for name, held in placement.items():
            narrator.console.print(f"  {name} holds {', '.join(sorted(held))}", highlight=False)
        scenario = Scenario(pool, dict(placement), questions, narrator, seconds)
        kept = await scenario.play()
        if keep:
            await _keep(narrator.console, pool, scenario, work)
    return kept


async def _keep(console: Console, pool: Pool, scenario: Scenario, work: Path) -> None:
    """Print commands to try, and wait for Ctrl-C."""
    stop = asyncio.Event()
    running.on_interrupt(stop.set)
    runtime = pool.runtimes["mlserver-1"]
    questions = scenario.questions
    # Others hold it, so whoever unloads it here can still send requests.
    model = next(each for each in questions.models if each not in scenario.placement[runtime.name])
    question = questions.about(model)
    file = work / "digit.json"
    await asyncio.to_thread(file.write_bytes, question.body)
    gateway = f"http://{HOST}:{pool.gateway_port}/v2/models/{model}/infer"
    repository = f"http://{HOST}:{runtime.http_port}/v2/repository/models/{model}"
    lines = [
        "",
        f"Everything runs until Ctrl-C. Send an image of a {question.digit} to {model}:",
        "",
        f"  curl -i {gateway} -d @{file}",
        f"  curl -i {gateway} -H 'x-model: {model}' -d @{file}",
        "",
        f"Load it on {runtime.name}, or unload it, and send the image again:",
        "",
        f"  curl -i {repository}/load -d '{{}}'",
        f"  curl -i {repository}/unload -d '{{}}'",
        "",
        "The answer names the runtime, and x-attempts says how many were tried.",
        "",
        f"Config folder (edit it live): {pool.config}",
        f"Logs: {pool.processes.logs}",
        f"Envoy admin interface: http://{HOST}:{pool.plane.admin_port}",
    ]
    for line in lines:
        console.print(line, soft_wrap=True, markup=False, highlight=False)
    await stop.wait()
