"""Print problems, one per line: position, object, message and code."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console
from rich.text import Text

from straightway.documents import Problem, Severity

_STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "yellow"}


def print_problems(problems: Iterable[Problem], *, stderr: bool = False) -> None:
    """Print each problem to stdout, or to stderr."""
    # With soft wrapping a terminal wraps long lines, and a pipe gets one line per problem.
    console = Console(soft_wrap=True, highlight=False, stderr=stderr)
    for problem in problems:
        console.print(_line(problem))


def _line(problem: Problem) -> Text:
    place = ": ".join(part for part in (problem.origin, problem.subject, problem.path) if part)
    return Text.assemble(
        (str(problem.severity), _STYLES[problem.severity]),
        f" {place}: {problem.message} ",
        (f"[{problem.code}]", "dim"),
    )
