"""The tutorial's components on 127.0.0.1: control plane, runtimes, Envoy and config folder.

Each component is a process of its own. All files are in one work folder, and all ports are free
ones; the gateway uses the tutorial's 8008 if it is free.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

import grpc
import yaml

from demo import entries
from demo.entries import NAMESPACE
from demo.model_mesh_pb2 import LoadRequest, StatusRequest, UnloadRequest
from demo.model_mesh_pb2_grpc import ModelMeshStub
from demo.moves import Change
from demo.plane import LABEL, Plane
from demo.ports import HOST, free_port, is_free
from demo.processes import DemoError, Processes

GATEWAY_PORT = 8008

_YAML = Path(__file__).parent
# More threads do not speed up a single image; they would only slow down the other runtimes.
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


class Topology:
    """The tutorial's components; an asynchronous context that stops them on exit."""

    def __init__(self, work: Path, *, capacity: int) -> None:
        """Keep all files in ``work``; every runtime holds up to ``capacity`` models."""
        self.config = work / "config"
        self.models = work / "models"
        self.gateway_port = GATEWAY_PORT if is_free(GATEWAY_PORT) else free_port()
        self.processes = Processes(work / "logs")
        self._plane = Plane(self.processes, work)
        self.capacity = capacity
        self._runtimes: dict[str, ModelMeshStub] = {}
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        await self._stack.enter_async_context(self.processes)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stack.__aexit__(kind, error, trace)

    @property
    def admin_port(self) -> int:
        """The port of Envoy's admin interface."""
        return self._plane.admin_port

    @property
    def runtimes(self) -> tuple[str, ...]:
        """The names of the started runtimes."""
        return tuple(self._runtimes)

    def write_config(self) -> None:
        """Write the tutorial's YAML, without the extension, to the config folder."""
        self.config.mkdir(parents=True)
        for name in (
            "config/service.yaml",
            "config/transcoder.yaml",
            "before/virtual-service.yaml",
        ):
            self._drop(name)
        self._write("gateway.yaml", _on_loopback((_YAML / "config/gateway.yaml").read_text()))
        self._write("gateway-service.yaml", _gateway_service(self.gateway_port))

    def switch_on(self) -> list[str]:
        """Add the tutorial's two resources to the folder; return their file names."""
        names = ["destination-rule.yaml", "virtual-service.yaml"]
        for name in names:
            self._drop(f"config/{name}")
        return names

    async def start_control_plane(self) -> None:
        """Start ``straightway serve`` over the config folder, and wait until it listens."""
        await self._plane.start_control_plane(self.config)

    async def start_runtimes(self, placement: Mapping[str, frozenset[str]]) -> None:
        """Start a runtime for every name, with its models, and wait until all are ready."""
        for name, held in placement.items():
            await self.processes.start(
                name, *self._runtime(name, sorted(held)), environment=_ONE_THREAD
            )
        for name, held in placement.items():
            file = self.config / f"{name}.yaml"

            def is_there(file: Path = file, held: frozenset[str] = held) -> bool:
                entry = entries.read(file)
                return entry is not None and set(entry.models) == held

            await self.processes.until(is_there, f"{name} with its models", name)
            entry = entries.read(file)
            if entry is None:
                raise DemoError(f"{file} disappeared")
            channel = grpc.aio.insecure_channel(f"{entry.address}:{entry.port}")
            await self._stack.enter_async_context(channel)
            self._runtimes[name] = ModelMeshStub(channel)

    async def start_envoy(self) -> None:
        """Start Envoy with the bootstrap that ``straightway bootstrap`` prints."""
        await self._plane.start_envoy(NAMESPACE, self.gateway_port)

    async def placement(self) -> dict[str, frozenset[str]]:
        """Ask every runtime which models it publishes."""
        return {
            name: frozenset((await runtime.Status(StatusRequest())).published)
            for name, runtime in self._runtimes.items()
        }

    async def change(self, change: Change) -> None:
        """Load or unload a model; return when that is done, including the drain."""
        runtime = self._runtimes[change.runtime]
        if change.load:
            await runtime.Load(LoadRequest(model=change.model))
        else:
            await runtime.Unload(UnloadRequest(model=change.model))

    def _runtime(self, name: str, held: list[str]) -> list[str | Path]:
        return [
            *(sys.executable, "-m", "demo.runtime", "--name", name, "--models", self.models),
            *("--entry", self.config / f"{name}.yaml", "--capacity", str(self.capacity)),
            *("--preload", *held),
        ]

    def _drop(self, source: str) -> None:
        self._write(Path(source).name, (_YAML / source).read_text(encoding="utf-8"))

    def _write(self, name: str, text: str) -> None:
        entries.write_at_once(self.config / name, text)


def _on_loopback(gateway: str) -> str:
    """Bind the tutorial's Gateway to 127.0.0.1: only this machine may call the demo."""
    document = yaml.safe_load(gateway)
    for server in document["spec"]["servers"]:
        server["bind"] = HOST
    return yaml.safe_dump(document, sort_keys=False)


def _gateway_service(port: int) -> str:
    """Return the gateway's Service, which maps the Gateway's port to the port that Envoy binds."""
    document = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "grpc-gateway", "namespace": NAMESPACE},
        "spec": {
            "selector": LABEL,
            "ports": [{"name": "grpc", "port": GATEWAY_PORT, "targetPort": port}],
        },
    }
    return yaml.safe_dump(document, sort_keys=False)
