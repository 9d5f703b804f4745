"""`make runtimes`, with a Python that only notes what it is asked to install."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "support" / "runtimes" / "install.sh"
SERVERS = ["triton", "mlserver", "kserve"]

# As pip and venv do it: what Triton's wheel and numpy bring is needed, the rest is not looked at.
_PYTHON = """#!/bin/sh
case "$*" in
"-c "*version_info*) echo 3.11 ;;
"-c "*) echo /usr/lib ;;
"-m venv "*) for folder; do :; done; mkdir -p "$folder/bin" ;;
"-m pip "*)
    for list; do :; done
    echo "$list" >>{calls}
    [ ! -e {broken} ] || exit 1
    packages=$(dirname "$(dirname "$4")")/lib/python3.11/site-packages
    stub=$packages/pytriton/tritonserver/python_backend_stubs/3.11
    mkdir -p "$stub" "$packages/pytriton/tritonserver/backends/python" "$packages/numpy"
    cp /bin/true "$stub/triton_python_backend_stub"
    ;;
esac
"""


class MakeRuntimes:
    """Runs the script with a folder and a Python of a test's own."""

    def __init__(self, folder: Path) -> None:
        self.runtimes = folder / "runtimes"
        self.broken = folder / "broken"
        self._calls = folder / "calls"
        self._python = folder / "python"
        self._python.write_text(_PYTHON.format(calls=self._calls, broken=self.broken))
        self._python.chmod(0o755)

    def run(self) -> tuple[int, str, list[str]]:
        """Return the exit code, the output, and what was installed."""
        self._calls.write_text("")
        environment = {
            "PATH": os.environ["PATH"],
            "STRAIGHTWAY_RUNTIMES": str(self.runtimes),
            "PYTHON": str(self._python),
        }
        done = subprocess.run(
            [SCRIPT], env=environment, capture_output=True, text=True, check=False
        )
        lists = [Path(line).stem for line in self._calls.read_text().splitlines()]
        return done.returncode, done.stdout + done.stderr, lists


@pytest.fixture
def make_runtimes(tmp_path: Path) -> MakeRuntimes:
    if sys.platform != "linux":
        pytest.skip("the servers are published for Linux alone")
    return MakeRuntimes(tmp_path)


def test_every_server_is_installed_once(make_runtimes: MakeRuntimes) -> None:
    code, output, installed = make_runtimes.run()
    assert (code, installed) == (0, SERVERS), output
    code, output, installed = make_runtimes.run()
    assert (code, installed) == (0, [])
    assert output.count("current") == len(SERVERS)


def test_a_server_that_is_lost_or_of_another_list_is_installed_again(
    make_runtimes: MakeRuntimes,
) -> None:
    make_runtimes.run()
    (make_runtimes.runtimes / "kserve").rename(make_runtimes.runtimes / "elsewhere")
    (make_runtimes.runtimes / ".triton.stamp").write_text("another")
    assert make_runtimes.run()[2] == ["triton", "kserve"]


def test_tritons_backend_finds_numpy_beside_itself(make_runtimes: MakeRuntimes) -> None:
    make_runtimes.run()
    backend = make_runtimes.runtimes / "triton" / "backends" / "python"
    assert (backend / "numpy").is_dir()
    assert os.access(backend / "triton_python_backend_stub", os.X_OK)


def test_a_failure_says_what_is_missing_and_is_not_taken_for_an_installation(
    make_runtimes: MakeRuntimes,
) -> None:
    make_runtimes.broken.touch()
    code, output, _ = make_runtimes.run()
    assert code == 1
    assert "triton could not be installed" in output
    make_runtimes.broken.unlink()
    assert make_runtimes.run()[2] == SERVERS
