"""Where the programs of Kubernetes are that `make kube` builds."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NoReturn

import pytest

REQUIRED = "STRAIGHTWAY_REQUIRE_KUBE"
"""The environment variable with which a missing program fails a test instead of skipping it."""


def find(program: str) -> Path | None:
    """Return a program's file; the folder $KUBEBUILDER_ASSETS goes before the cache."""
    for folder in _folders():
        file = folder / program
        if os.access(file, os.X_OK):
            return file
    return None


def need(*programs: str) -> None:
    """Skip the current test if one of these programs is missing, or fail it where all must run."""
    missing = [program for program in programs if find(program) is None]
    if not missing:
        return
    unavailable(
        f"no {' and no '.join(missing)} here: `make kube` builds what is missing (needs Go)"
    )


def unavailable(reason: str) -> NoReturn:
    """Skip the current test for a reason, or fail it where all must run."""
    if os.environ.get(REQUIRED):
        pytest.fail(f"{reason}; {REQUIRED} is set")
    pytest.skip(reason)


def program(name: str) -> str:
    """Return a program's path, for a command. The test has called `need` for it."""
    file = find(name)
    assert file is not None, f"no {name} here: `make kube` builds it"
    return str(file)


def _folders() -> list[Path]:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    assets = os.environ.get("KUBEBUILDER_ASSETS")
    return [*([Path(assets)] if assets else []), cache / "straightway" / "kube" / "bin"]
