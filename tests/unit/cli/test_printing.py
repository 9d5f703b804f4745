"""Output that cannot be written ends every command quietly, and no server."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
CONFIG = str(ROOT / "demo" / "config")
COMMANDS = [
    ["--help"],
    ["--version"],
    ["serve", "--help"],
    ["validate", CONFIG],
    ["validate", "--output=json", CONFIG],
    ["translate", "--config", CONFIG, "--node", "router~10.0.0.1~gw.default~"],
    ["bootstrap", "--node", "gw", "--xds", "127.0.0.1:18000"],
]


def run(command: list[str], stdout: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "straightway", *command],
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_closed_pipe_ends_a_command_as_it_ends_any_program(command: list[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        ended = run(command, writer)
    finally:
        os.close(writer)

    assert ended.returncode == -signal.SIGPIPE  # 141 in a shell
    assert not [line for line in ended.stderr.splitlines() if not line.startswith("warning")]


@pytest.mark.parametrize("command", [["--help"], ["validate", CONFIG]], ids=" ".join)
def test_a_full_disk_is_one_line(command: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        ended = run(command, full.fileno())

    assert ended.returncode == 1
    assert ended.stderr == "Error: The output cannot be written: No space left on device\n"


def test_the_signal_is_handled_as_before_when_a_command_has_ended(straightway) -> None:
    before = signal.getsignal(signal.SIGPIPE)

    straightway("--version")

    assert signal.getsignal(signal.SIGPIPE) is before
