"""The bootstraps in `envoy/` are what `straightway bootstrap` prints."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from straightway.cli.bootstrap import bootstrap

FILES = sorted((Path(__file__).parents[2] / "envoy").glob("*.yaml"))


def test_there_is_one_for_a_gateway_and_one_for_a_sidecar() -> None:
    assert [file.name for file in FILES] == ["gateway.yaml", "sidecar.yaml"]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_each_is_what_the_command_in_its_first_line_prints(file: Path) -> None:
    first, _, rest = file.read_text().partition("\n")
    command = first.removeprefix("# Written by: straightway bootstrap ")
    assert command != first
    app = typer.Typer(add_completion=False)
    app.command()(bootstrap)

    result = CliRunner().invoke(app, shlex.split(command))

    assert result.exit_code == 0, result.output
    assert rest == result.stdout, f"run the command in the first line of {file} again"
