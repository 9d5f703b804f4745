"""What holds for every command: exit codes, and errors of one line."""

from __future__ import annotations

from importlib import import_module

import pytest

from straightway import __version__


def test_the_version_is_printed(straightway):
    assert straightway("--version").out == f"straightway {__version__}\n"


def test_without_a_command_the_help_is_printed(straightway):
    run = straightway()

    assert run.code == 2
    assert "Usage" in run.out + run.err


@pytest.mark.parametrize("command", ["serve", "validate", "translate", "bootstrap", "crds"])
def test_every_command_explains_itself(straightway, command):
    run = straightway(command, "--help")

    assert run.code == 0
    assert "Usage" in run.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["dance"], "No such command 'dance'"),
        (["validate"], "Missing argument"),
        (["validate", "/no/such/folder"], "/no/such/folder"),
        (["translate", "--config", "."], "Missing option '--node'"),
        (["translate", "--config", ".", "--node", "a", "--label", "x"], "'x' is not KEY=VALUE"),
        (["translate", "--config", ".", "--node", "a", "--type", "x"], "'x' is not one of"),
        (["serve", "--config", ".", "--xds-address", "here"], "'here' is not HOST:PORT"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(straightway, arguments, words):
    run = straightway(*arguments)

    assert run.code == 2
    assert words in run.err
    assert run.err.startswith("Error: ")
    assert len(run.err.splitlines()) == 1
    assert run.out == ""


def test_an_interrupt_is_exit_code_130_without_a_traceback(straightway, monkeypatch):
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    # By its full name, for the package has a function of that name too.
    module = import_module("straightway.cli.validate")
    monkeypatch.setattr(module, "read_paths", interrupted)

    run = straightway("validate", ".")

    assert run.code == 130
    assert run.err.strip() == ""
