"""Child processes that never outlive the demo.

Each process writes to its own log file. A process that exits on its own is an error: it cancels the
``async with`` block, which then raises :class:`ProcessFailedError`.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

_TAIL_LINES = 20


class DemoError(Exception):
    """The demo cannot continue; the message is for the user and contains the relevant log."""


class ProcessFailedError(DemoError):
    """A process exited unexpectedly."""


class Processes:
    """An asynchronous context that stops its processes on exit."""

    def __init__(self, logs: Path, *, grace_seconds: float = 5.0) -> None:
        """Keep one log file per process in ``logs``; kill processes that do not stop in time."""
        self.logs = logs
        self._grace_seconds = grace_seconds
        self._running: dict[str, Process] = {}
        self._watchers = asyncio.TaskGroup()
        self._stopping = False

    async def __aenter__(self) -> Self:
        self.logs.mkdir(parents=True, exist_ok=True)
        await self._watchers.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stopping = True
        await self._stop_all()
        await self._watchers.__aexit__(kind, error, trace)

    async def start(
        self, name: str, *command: str | Path, environment: Mapping[str, str] | None = None
    ) -> None:
        """Start a process in its own session, so that Ctrl-C reaches only the demo.

        ``environment`` extends the demo's own.
        """
        with self._log(name).open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *command,
                env={**os.environ, **(environment or {})},
                stdin=DEVNULL,
                stdout=log,
                stderr=STDOUT,
                start_new_session=True,
            )
        self._running[name] = process
        self._watchers.create_task(self._watch(name, process))

    async def output(self, *command: str | Path) -> bytes:
        """Run a command and return its output. Raises ``ProcessFailedError``."""
        process = await asyncio.create_subprocess_exec(
            *command, stdin=DEVNULL, stdout=PIPE, stderr=PIPE
        )
        printed, complaint = await process.communicate()
        if process.returncode:
            line = " ".join(map(str, command))
            raise ProcessFailedError(f"{line}\n{complaint.decode(errors='replace')}")
        return printed

    async def until(
        self, condition: Callable[[], bool], what: str, log: str, seconds: float = 30
    ) -> None:
        """Wait until a condition holds; check it in a thread.

        After ``seconds``, raises ``DemoError`` with the end of the log of the process ``log``.
        """
        deadline = time.monotonic() + seconds
        while not await asyncio.to_thread(condition):
            if time.monotonic() > deadline:
                raise DemoError(f"{what}: timed out after {seconds:g} s.\n{self.tail(log)}")
            await asyncio.sleep(0.02)

    def tail(self, name: str) -> str:
        """Return the last lines of a process's log, below a line with its path."""
        text = self._log(name).read_text(encoding="utf-8", errors="replace")
        lines = text.splitlines()[-_TAIL_LINES:]
        return "\n".join([f"Last lines of {self._log(name)}:", *(f"  {line}" for line in lines)])

    def _log(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    async def _watch(self, name: str, process: Process) -> None:
        code = await process.wait()
        if not self._stopping:
            raise ProcessFailedError(f"{name} exited with code {code}.\n{self.tail(name)}")

    async def _stop_all(self) -> None:
        """Stop processes in reverse order: clients before their servers."""
        for process in reversed(self._running.values()):
            if process.returncode is None:
                process.terminate()
        for process in self._running.values():
            try:
                await asyncio.wait_for(process.wait(), self._grace_seconds)
            except TimeoutError:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
