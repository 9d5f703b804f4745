"""Where the inference servers are that `make runtimes` installs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

REQUIRED = "STRAIGHTWAY_REQUIRE_RUNTIMES"
"""The environment variable with which a missing server fails a test instead of skipping it."""


def folder() -> Path:
    """The folder of all servers."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(os.environ.get("STRAIGHTWAY_RUNTIMES") or cache / "straightway" / "runtimes")


def need(name: str) -> None:
    """Skip the current test if a server is not installed, or fail it where all must run."""
    if (folder() / f".{name}.stamp").exists():
        return
    reason = f"no {name} here: `make runtimes` installs it"
    if os.environ.get(REQUIRED):
        pytest.fail(f"{reason}; {REQUIRED} is set")
    pytest.skip(reason)


def python(name: str) -> Path:
    """The Python of a server's environment."""
    return folder() / name / "bin" / "python"


def packages(name: str) -> Path:
    """The folder of a server's packages."""
    return next((folder() / name / "lib").glob("python*/site-packages"))
