"""Processes of the tests end with them, however these end."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.support.processes import GuardedProcess
from tests.support.waiting import eventually

# A test run that starts a process, says its id, and never comes to clean up.
_TESTS = """
import sys
from pathlib import Path
from tests.support.processes import GuardedProcess
process = GuardedProcess("sleep", ["sleep", "600"], Path(sys.argv[1]))
process.start()
print(process.pid, flush=True)
sys.stdin.read()
"""


def runs(pid: int) -> bool:
    """Whether a process runs: one that ended may remain as a zombie until it is waited for."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def test_a_process_ends_with_tests_that_are_killed(tmp_path: Path) -> None:
    tests = subprocess.Popen(
        [sys.executable, "-c", _TESTS, str(tmp_path / "log")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        text=True,
    )
    assert tests.stdout is not None
    pid = int(tests.stdout.readline())
    assert runs(pid)

    tests.kill()
    tests.communicate()

    eventually(lambda: not runs(pid), what="the process has ended")


def test_a_process_runs_until_it_is_closed(tmp_path: Path) -> None:
    process = GuardedProcess("sleep", ["sleep", "600"], tmp_path / "log")
    for _ in range(2):
        process.start()
        pid = process.pid
        assert runs(pid)
        process.kill()
        assert not runs(pid)
    process.start()
    process.close()
    assert not process.running
