"""What `make runtimes` and `make demo REAL=1` say where nothing can be installed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

INSTALL = Path(__file__).parents[2] / "demo" / "real" / "servers" / "install.sh"


def install(folder: Path, *names: str, **environment: str) -> tuple[int, str]:
    done = subprocess.run(
        [INSTALL, *names],
        env={
            **os.environ,
            "PYTHON": sys.executable,
            "STRAIGHTWAY_RUNTIMES": str(folder / "runtimes"),
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_without_a_network_it_says_so_and_leaves_nothing_that_looks_installed(tmp_path: Path):
    nowhere = {"PIP_CONFIG_FILE": os.devnull, "PIP_INDEX_URL": "http://127.0.0.1:9/simple"}
    code, output = install(tmp_path, "triton", CALLER="make demo", WITHOUT="Else?", **nowhere)
    assert code == 1
    assert "make demo: triton could not be downloaded from PyPI" in output
    assert output.endswith("Else?\n")
    assert not (tmp_path / "runtimes" / ".triton.stamp").exists()


def test_without_room_it_says_how_much_it_needs(tmp_path: Path):
    df = tmp_path / "df"
    df.write_text(
        "#!/bin/sh\necho Filesystem 1M-blocks Used Available\necho /dev/x 9000 8500 500\n"
    )
    df.chmod(0o755)
    code, output = install(tmp_path, "triton", PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert code == 1
    assert "1,000 MiB" in output
    assert "500 MiB are free" in output


def test_a_server_that_is_not_known_is_an_error(tmp_path: Path):
    code, output = install(tmp_path, "tritno")
    assert code == 1
    assert "there is no server tritno" in output
