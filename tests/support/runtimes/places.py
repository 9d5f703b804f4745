"""Which inference servers a test needs."""

from __future__ import annotations

import os

import pytest

from demo.real.servers.places import folder, has, packages, python

__all__ = ["REQUIRED", "folder", "need", "packages", "python"]

REQUIRED = "STRAIGHTWAY_REQUIRE_RUNTIMES"
"""The environment variable with which a missing server fails a test instead of skipping it."""


def need(name: str) -> None:
    """Skip the current test if a server is not installed, or fail it where all must run."""
    if has(name):
        return
    reason = f"no {name} here: `make runtimes` installs it"
    if os.environ.get(REQUIRED):
        pytest.fail(f"{reason}; {REQUIRED} is set")
    pytest.skip(reason)
