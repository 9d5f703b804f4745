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
def straightway(monkeypatch, capsys) -> Straightway:
    """Run `straightway` with these arguments, in this process."""

    def run(*arguments: object) -> Run:
        monkeypatch.setattr(sys, "argv", ["straightway", *map(str, arguments)])
        with pytest.raises(SystemExit) as exit_info:
            main()
        printed = capsys.readouterr()
        return Run(exit_info.value.code or 0, printed.out, printed.err)

    return run
