"""Child processes that are always cleaned up, with logs to read while they run."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.support.waiting import DEADLINE


class ManagedProcess:
    """One program that can be restarted; all runs append to one log file."""

    def __init__(self, name: str, command: Sequence[str], log: Path) -> None:
        self.name = name
        self.command = list(command)
        self.log = log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        assert not self.running, f"{self.name} runs already"
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    @property
    def pid(self) -> int:
        assert self._process is not None, f"{self.name} was never started"
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """The exit code; None while the process runs."""
        assert self._process is not None, f"{self.name} was never started"
        return self._process.poll()

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def check_running(self) -> None:
        if not self.running:
            raise RuntimeError(f"{self.name} ended with {self.exit_code}:\n{self.tail()}")

    def kill(self) -> None:
        """Kill the process (SIGKILL), as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def signal(self, number: int) -> None:
        """Send the process a signal."""
        assert self._process is not None, f"{self.name} was never started"
        self._process.send_signal(number)

    def stop(self) -> int:
        """Stop the process gracefully (SIGTERM); return the exit code."""
        assert self._process is not None, f"{self.name} was never started"
        self._process.terminate()
        return self._process.wait(DEADLINE)

    def close(self) -> None:
        """Stop the process by any means; do nothing if it does not run."""
        if self.running:
            try:
                self.stop()
            except subprocess.TimeoutExpired:
                self.kill()

    def tail(self, lines: int = 60) -> str:
        """The last lines of the log."""
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n".join(text.splitlines()[-lines:])


class GuardedProcess(ManagedProcess):
    """A process that does not outlive the tests, even if these are killed and clean up nothing."""

    def __init__(self, name: str, command: Sequence[str], log: Path) -> None:
        super().__init__(name, command, log)
        self._guard: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._release()
        super().start()
        # The guard reads from a pipe that only the tests hold open, so it reads the end when they
        # end. In a session of its own, it survives what is sent to the tests' process group.
        self._guard = subprocess.Popen(
            ["/bin/sh", "-c", 'read -r _; kill -9 "$0"', str(self.pid)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def kill(self) -> None:
        super().kill()
        self._release()

    def stop(self) -> int:
        code = super().stop()
        self._release()
        return code

    def close(self) -> None:
        super().close()
        self._release()

    def _release(self) -> None:
        """End the guard: its process has ended, and another may get that id."""
        if self._guard is not None:
            self._guard.kill()
            self._guard.communicate()
            self._guard = None
