"""``straightway validate``: print everything that is wrong with some config."""

from __future__ import annotations

import json
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from straightway.cli.arguments import read_paths
from straightway.cli.problem_lines import print_problems
from straightway.problems import Problem


class ProblemFormat(StrEnum):
    """How to print problems."""

    TEXT = "text"
    JSON = "json"


def validate(
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH...", help="Files and folders of YAML.")
    ],
    output: Annotated[
        ProblemFormat, typer.Option("--output", "-o", help="How to print the problems.")
    ] = ProblemFormat.TEXT,
) -> None:
    """Print every problem of some config; exit with 1 if any is an error."""
    # Imported here: the models of all kinds take a moment to load, and `--help` should not.
    from straightway.review import review

    reviewed = review(read_paths(paths))
    if output is ProblemFormat.JSON:
        typer.echo(json.dumps([asdict(problem) for problem in reviewed.problems], indent=2))
    else:
        _print(reviewed.problems, reviewed.catalog.size)
    raise typer.Exit(1 if any(problem.is_error for problem in reviewed.problems) else 0)


def _print(problems: list[Problem], objects: int) -> None:
    print_problems(problems)
    errors = sum(problem.is_error for problem in problems)
    warnings = len(problems) - errors
    typer.echo(
        f"{_count(objects, 'object')} accepted, "
        f"{_count(errors, 'error')}, {_count(warnings, 'warning')}"
    )


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
