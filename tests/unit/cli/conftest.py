from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from straightway.cli import main


@dataclass(frozen=True)
class Run:
    """What a command printed, and its exit code."""

    code: object
    out: str
    err: str


Straightway = Callable[..., Run]


@pytest.fixture
def straightway(monkeypatch, capsys, tmp_path_factory) -> Straightway:
    """Run `straightway` with these arguments, in this process."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))

    def run(*arguments: object) -> Run:
        monkeypatch.setattr(sys, "argv", ["straightway", *map(str, arguments)])
        with pytest.raises(SystemExit) as exit_info:
            main()
        printed = capsys.readouterr()
        return Run(exit_info.value.code or 0, printed.out, printed.err)

    return run
