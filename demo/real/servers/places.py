"""Where the inference servers are that ``make runtimes`` and ``make demo REAL=1`` install."""

from __future__ import annotations

import os
from pathlib import Path


def folder() -> Path:
    """Return the folder of all servers."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(os.environ.get("STRAIGHTWAY_RUNTIMES") or cache / "straightway" / "runtimes")


def has(name: str) -> bool:
    """Whether a server is installed."""
    return (folder() / f".{name}.stamp").exists()


def python(name: str) -> Path:
    """Return the Python of a server's environment."""
    return folder() / name / "bin" / "python"


def packages(name: str) -> Path:
    """Return the folder of a server's packages."""
    return next((folder() / name / "lib").glob("python*/site-packages"))
