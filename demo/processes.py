"""Child processes that end when the demo ends, however it ends.

Each writes to a log file of its own. One that ends by itself is an error: it cancels whatever
runs in the ``async with`` block, and leaves it as :class:`ProcessFailedError`.
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
    """The demo cannot go on; the message is for the user, with the log that matters."""


class ProcessFailedError(DemoError):
    """A process has ended that should run."""


class Processes:
    """An asynchronous context: the processes started in it are stopped when it is left."""

    def __init__(self, logs: Path, *, grace_seconds: float = 5.0) -> None:
        """Keep one log file a process in ``logs``; kill what has not stopped when asked to."""
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
        """Start a process in a session of its own, so that Ctrl-C reaches only the demo.

        ``environment`` is added to that of the demo.
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
        """Run a command to its end and return what it prints. Raises ``ProcessFailedError``."""
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
        """Wait until a condition holds, asking it in a thread.

        Raises ``DemoError`` with the end of the log of the process ``log`` after so many seconds.
        """
        deadline = time.monotonic() + seconds
        while not await asyncio.to_thread(condition):
            if time.monotonic() > deadline:
                raise DemoError(f"{what}: not within {seconds:g} s.\n{self.tail(log)}")
            await asyncio.sleep(0.02)

    def tail(self, name: str) -> str:
        """Return the last lines of a process's log, under a line that says where it is."""
        text = self._log(name).read_text(encoding="utf-8", errors="replace")
        lines = text.splitlines()[-_TAIL_LINES:]
        return "\n".join([f"The end of {self._log(name)}:", *(f"  {line}" for line in lines)])

    def _log(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    async def _watch(self, name: str, process: Process) -> None:
        code = await process.wait()
        if not self._stopping:
            raise ProcessFailedError(f"{name} ended with exit code {code}.\n{self.tail(name)}")

    async def _stop_all(self) -> None:
        """Stop the last one started first: clients before what they call."""
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
