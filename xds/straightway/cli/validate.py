"""``straightway validate``: print all problems of a config."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from straightway.cli.arguments import DEFAULT_ROOT_NAMESPACE, RootNamespace, read_paths
from straightway.cli.problem_lines import print_problems
from straightway.documents import Problem

if TYPE_CHECKING:
    from straightway.offline.review import Reviewed


class ProblemFormat(StrEnum):
    """Output formats for problems."""

    TEXT = "text"
    JSON = "json"


def validate(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="YAML files and folders.")],
    root_namespace: RootNamespace = DEFAULT_ROOT_NAMESPACE,
    output: Annotated[
        ProblemFormat, typer.Option("--output", "-o", help="Output format.")
    ] = ProblemFormat.TEXT,
    keys: Annotated[
        bool, typer.Option("--keys", help="Also print where requests have their subset keys.")
    ] = False,
) -> None:
    """Print every problem of a config; exit with 1 if any is an error."""
    # Imported here so that `--help` does not wait for the models of all kinds to load.
    from straightway.offline.keys import key_lines
    from straightway.offline.review import review

    if keys and output is ProblemFormat.JSON:
        raise typer.BadParameter("goes with the output format text only", param_hint="--keys")
    reviewed = review(read_paths(paths, "PATH..."), root_namespace)
    if output is ProblemFormat.JSON:
        typer.echo(json.dumps([_plain(problem) for problem in reviewed.problems], indent=2))
    else:
        for line in key_lines(reviewed.catalog) if keys else ():
            typer.echo(line)
        _print(reviewed, paths)
    raise typer.Exit(1 if reviewed.has_errors else 0)


def _plain(problem: Problem) -> dict[str, str]:
    return {
        "origin": problem.origin,
        "subject": problem.subject,
        "path": problem.path,
        "code": problem.code,
        "severity": problem.severity,
        "message": problem.message,
    }


def _print(reviewed: Reviewed, paths: list[Path]) -> None:
    print_problems(reviewed.problems)
    for line in reviewed.passed_over:
        typer.echo(f"ignored {line}: unsupported kind")
    errors = sum(problem.is_error for problem in reviewed.problems)
    warnings = len(reviewed.problems) - errors
    if not (reviewed.catalog.size or reviewed.passed_over or reviewed.problems):
        places = ", ".join(map(str, paths))
        typer.echo(f"warning: no objects found in {places}", err=True)
    typer.echo(
        f"{_count(reviewed.catalog.size, 'object')} accepted, "
        f"{_count(errors, 'error')}, {_count(warnings, 'warning')}"
    )


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
