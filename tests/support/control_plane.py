"""The control plane as users run it: `straightway serve` in its own process."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.support.config_folder import ConfigFolder
from tests.support.ports import accepts, free_port
from tests.support.processes import ManagedProcess
from tests.support.waiting import eventually


class ControlPlane(ManagedProcess):
    """`straightway serve` over a config folder, if any, always on the same port.

    `module` is what to run instead, with its own arguments before those of Straightway.
    """

    def __init__(
        self,
        config: ConfigFolder | None,
        folder: Path,
        *options: str,
        module: Sequence[str] = ("straightway",),
    ) -> None:
        self.port = free_port()
        self.address = f"127.0.0.1:{self.port}"
        command = [sys.executable, "-m", *module, "serve", "--xds-address", self.address]
        command += ["--config", str(config.path)] if config is not None else []
        command += ["--state", str(folder / "state"), *options]
        super().__init__("control plane", command, folder / "control-plane.log")

    def start(self) -> None:
        """Start the process and wait until it listens."""
        super().start()
        eventually(self._listens, what=f"{self.name} listens on {self.address}")

    def restart(self) -> None:
        """Kill the process and restart it on the same port."""
        self.kill()
        self.start()

    def logs(self, event: str | None = None, **fields: object) -> list[dict[str, Any]]:
        """Return all log lines so far, or only those with an event and fields."""
        return read_log(self.log, event, **fields)

    def _listens(self) -> bool:
        self.check_running()
        return accepts(self.port)


def read_log(file: Path, event: str | None = None, **fields: object) -> list[dict[str, Any]]:
    """Return all lines of a log so far, or only those with an event and fields."""
    entries = [_parse(line) for line in file.read_text().splitlines()]
    wanted = fields if event is None else {"event": event, **fields}
    return [
        entry
        for entry in entries
        if all(name in entry and entry[name] == value for name, value in wanted.items())
    ]


def _parse(line: str) -> dict[str, Any]:
    """Parse a JSON log line; other output of a library becomes an event."""
    try:
        entry = json.loads(line)
    except ValueError:
        return {"event": line, "level": "unstructured"}
    return entry if isinstance(entry, dict) else {"event": line, "level": "unstructured"}
