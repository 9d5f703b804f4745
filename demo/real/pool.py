"""The pool on 127.0.0.1: control plane, real inference servers, Envoy and config folder."""

from __future__ import annotations

import asyncio
import http.client
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import yaml

from demo.entries import write_at_once
from demo.moves import Change
from demo.plane import LABEL, Plane
from demo.ports import HOST, free_port, is_free
from demo.processes import DemoError, Processes
from demo.real import repositories
from demo.real.servers import mlserver, triton
from demo.real.weights import Linear

NAMESPACE = "models"
SERVICE = "runtimes.example.com"
GATEWAY_PORT = 8008
RUNTIMES = ("triton-1", "triton-2", "mlserver-1", "mlserver-2")

_YAML = Path(__file__).parent
_LOAD_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Runtime:
    """A server and its ports."""

    name: str
    http_port: int
    grpc_port: int

    @property
    def kind(self) -> str:
        """The server's kind, such as `triton`."""
        return self.name.partition("-")[0]

    def tell(self, path: str) -> tuple[int, str]:
        """Send a POST to the server itself; return the status and the body, 0 without an answer."""
        connection = http.client.HTTPConnection(HOST, self.http_port, timeout=_LOAD_SECONDS)
        try:
            connection.request("POST", path, b"{}", {"content-type": "application/json"})
            response = connection.getresponse()
            return response.status, response.read().decode(errors="replace")
        except (OSError, http.client.HTTPException) as error:
            return 0, str(error)
        finally:
            connection.close()


class Pool:
    """All processes; an asynchronous context that stops them on exit."""

    def __init__(self, work: Path, models: Mapping[str, Linear]) -> None:
        """Keep all files in ``work``."""
        self.config = work / "config"
        self.gateway_port = GATEWAY_PORT if is_free(GATEWAY_PORT) else free_port()
        self.processes = Processes(work / "logs")
        self.plane = Plane(self.processes, work)
        self.runtimes = {name: Runtime(name, free_port(), free_port()) for name in RUNTIMES}
        self._work = work
        self._models = models
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

    async def start(self, placement: Mapping[str, frozenset[str]]) -> None:
        """Start everything, with these models on each runtime, and plain routes."""
        self.config.mkdir(parents=True)
        self._drop("config/gateway.yaml", "before/virtual-service.yaml")
        self._write("services.yaml", _gateway_service(self.gateway_port), self._entry())
        async with asyncio.TaskGroup() as tasks:
            for name, held in placement.items():
                tasks.create_task(self._start_runtime(self.runtimes[name], held))
            await self.plane.start_control_plane(self.config)
            await self.plane.start_envoy(NAMESPACE, self.gateway_port)

    def switch_on(self) -> list[str]:
        """Add what routes by model to the folder; return the file names."""
        names = ["model-discovery.yaml", "destination-rule.yaml", "virtual-service.yaml"]
        self._drop(*(f"config/{name}" for name in names))
        return names

    async def change(self, change: Change) -> None:
        """Load or unload a model by the server's own API; return when that has answered."""
        runtime = self.runtimes[change.runtime]
        verb = "load" if change.load else "unload"
        path = f"/v2/repository/models/{change.model}/{verb}"
        status, body = await asyncio.to_thread(runtime.tell, path)
        if status != http.client.OK:
            tail = self.processes.tail(runtime.name)
            raise DemoError(f"{verb} {change.model} on {runtime.name}: {status} {body}\n{tail}")

    async def _start_runtime(self, runtime: Runtime, held: frozenset[str]) -> None:
        repository = self._work / runtime.name
        repository.mkdir()
        if runtime.kind == "triton":
            repositories.for_triton(repository, self._models)
            command = triton.command(repository, runtime.http_port, runtime.grpc_port)
            environment = triton.environment()
        else:
            repositories.for_mlserver(repository, self._models)
            ports = runtime.http_port, runtime.grpc_port, free_port()
            command = mlserver.command(repository, *ports)
            environment = mlserver.environment(repositories.INSIDE)
        # More threads do not speed up a single image; they would only slow down the others.
        own = {"RUNTIME": runtime.name, "PYTHONDONTWRITEBYTECODE": "1", "OPENBLAS_NUM_THREADS": "1"}
        await self.processes.start(runtime.name, *command, environment={**environment, **own})
        await self.processes.until(
            lambda: runtime.tell("/v2/repository/index")[0] == http.client.OK,
            runtime.name,
            runtime.name,
            seconds=90,
        )
        for model in sorted(held):
            await self.change(Change(True, model, runtime.name))

    def _entry(self) -> dict[str, object]:
        """Return the pool as a ServiceEntry: addresses and ports, and no label."""
        endpoints = [
            {"address": HOST, "ports": {"http": each.http_port, "grpc": each.grpc_port}}
            for each in self.runtimes.values()
        ]
        return {
            "apiVersion": "networking.istio.io/v1",
            "kind": "ServiceEntry",
            "metadata": {"name": "runtimes", "namespace": NAMESPACE},
            "spec": {
                "hosts": [SERVICE],
                "resolution": "STATIC",
                "ports": [
                    {"name": "http", "number": 8000, "protocol": "HTTP"},
                    {"name": "grpc", "number": 8001, "protocol": "GRPC"},
                ],
                "endpoints": endpoints,
            },
        }

    def _drop(self, *sources: str) -> None:
        for source in sources:
            text = (_YAML / source).read_text(encoding="utf-8")
            write_at_once(self.config / Path(source).name, text)

    def _write(self, name: str, *documents: Mapping[str, object]) -> None:
        write_at_once(self.config / name, yaml.safe_dump_all(documents, sort_keys=False))


def _gateway_service(port: int) -> dict[str, object]:
    """Return the gateway's Service, which maps the Gateway's port to the port that Envoy binds."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "gateway", "namespace": NAMESPACE},
        "spec": {
            "selector": LABEL,
            "ports": [{"name": "http", "port": GATEWAY_PORT, "targetPort": port}],
        },
    }
