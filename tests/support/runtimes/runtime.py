"""What all real inference servers of the tests have in common."""

from __future__ import annotations

import abc
import json
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tests.support.http import Answer, HttpClient
from tests.support.ports import free_port
from tests.support.processes import GuardedProcess
from tests.support.waiting import eventually

_START_SECONDS = 90.0
"""Their imports alone take half a minute on a busy machine."""


class Runtime(abc.ABC):
    """One server, with models in a folder of its own.

    A model behaves as its file `behaviour` says, read anew while it loads: `ready`, `wait` or
    `fail`.
    """

    name: str

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.models = folder / "models"
        self.models.mkdir(parents=True)
        self.port = free_port()
        self._threads = ThreadPoolExecutor(thread_name_prefix=self.name)
        environment = [f"{key}={value}" for key, value in self.environment().items()]
        self.process = GuardedProcess(
            self.name, ["env", *environment, *self.command()], folder / f"{self.name}.log"
        )

    @abc.abstractmethod
    def command(self) -> Sequence[str]:
        """The server's command."""

    @abc.abstractmethod
    def environment(self) -> Mapping[str, str]:
        """What the command needs in its environment."""

    @abc.abstractmethod
    def add(self, model: str, *versions: str) -> None:
        """Put a model into the folder, which does not load it."""

    def behave(self, model: str, behaviour: str) -> None:
        """Say how a model behaves from now on."""
        file = self.models / model / "behaviour"
        new = file.with_suffix(".new")
        new.write_text(behaviour)
        new.replace(file)

    def start(self) -> None:
        """Start, and return when the server answers."""
        self.process.start()
        eventually(self._answers, what=f"{self.name} answers", seconds=_START_SECONDS)

    def load(self, model: str) -> Answer:
        """Load a model by the server's own API; return when that returns."""
        return self.post(f"/v2/repository/models/{model}/load")

    def load_aside(self, model: str) -> Future[Answer]:
        """Load a model in another thread, as it may wait."""
        return self._threads.submit(self.load, model)

    def unload(self, model: str) -> Answer:
        """Unload a model by the server's own API."""
        return self.post(f"/v2/repository/models/{model}/unload")

    def get(self, path: str) -> Answer:
        """Send a GET over a connection of its own."""
        return self._send(path, "GET")

    def post(self, path: str, data: Any = None) -> Answer:
        """Send JSON by POST over a connection of its own."""
        return self._send(path, "POST", json.dumps(data if data is not None else {}).encode())

    def close(self) -> None:
        """Stop the server, and what waits for it."""
        for file in self.models.glob("*/behaviour"):
            file.write_text("fail")
        self.process.close()
        self._threads.shutdown()

    def _send(self, path: str, method: str, body: bytes | None = None) -> Answer:
        client = HttpClient(self.port)
        try:
            headers = {"content-type": "application/json"}
            return client.send(path, method=method, headers=headers, body=body)
        finally:
            client.close()

    def _answers(self) -> bool:
        self.process.check_running()
        return self.get("/v2").ok
