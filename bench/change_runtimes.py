"""Row 11: one of 1,000 runtimes of a service replaces one of its 20 models.

Each runtime has a WorkloadEntry in its own file, with a label ``model/NAME: "true"`` per model.
*CPU* is that of the control plane with one gateway, which receives the whole assignment.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from bench.change_client import SECONDS
from bench.change_fleet import new_mark, one_gateway
from bench.change_plane import plane_over
from bench.change_rows import Row
from bench.config import NAMESPACE, SELECTOR
from bench.figures import Figure
from tests.support.config_folder import ConfigFolder
from tests.support.objects import (
    destination_rule,
    dynamic_subset,
    gateway,
    route_to,
    service,
    virtual_service,
)

_RUNTIMES, _MODELS = 1000, 20
_CHANGES = 20
_SECONDS = 5.0


async def one_model() -> list[Row]:
    """Measure row 11."""
    with plane_over(_write) as plane:
        async with one_gateway(plane.port) as client:

            async def change(turn: int) -> None:
                mark = new_mark("model")
                arrival = client.expect(mark)
                _write_runtime(plane.config, turn * 37 % _RUNTIMES, mark)
                async with asyncio.timeout(SECONDS):
                    await arrival

            await change(_CHANGES)  # The first differs from the others.
            cpu = await plane.cpu_a_change(change, _CHANGES, _SECONDS)
    name = f"one of {_RUNTIMES:,} runtimes changes one of its {_MODELS} models: CPU"
    return [Row(11, Figure(name, cpu * 1e3, "ms", 5.0), "42 ms")]


def _write(folder: Path) -> ConfigFolder:
    config = ConfigFolder(folder)
    config.write(
        "config.yaml",
        gateway("gateway", NAMESPACE, selector=SELECTOR, ports=[8080]),
        service("runtime", NAMESPACE, selector={"app": "runtime"}, ports={"grpc": 8033}),
        virtual_service("runtime", NAMESPACE, [route_to("runtime")], gateways=["gateway"]),
        destination_rule("runtime", NAMESPACE, load_balancer=dynamic_subset("model")),
    )
    for runtime in range(_RUNTIMES):
        _write_runtime(config, runtime, f"model-{runtime}")
    return config


def _write_runtime(config: ConfigFolder, runtime: int, first_model: str) -> None:
    """Write a runtime with 20 of 1,000 models, the first one with this name."""
    others = (f"model-{(runtime + step * 49) % 1000}" for step in range(1, _MODELS))
    labels = "".join(f'    model/{model}: "true"\n' for model in (first_model, *others))
    text = f"""\
apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata:
  name: runtime-{runtime:04}
  namespace: {NAMESPACE}
spec:
  address: 10.1.{runtime // 250}.{runtime % 250 + 1}
  labels:
    app: runtime
{labels}"""
    config.write(f"runtime-{runtime:04}.yaml", text)
