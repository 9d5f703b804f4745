"""What libyaml says about broken YAML, in plain words and with the place in the file."""

from __future__ import annotations

import yaml
from yaml.reader import ReaderError

from straightway.problems import Problem, Severity


def syntax_problem(file: str, first_line: int, text: str, error: yaml.YAMLError) -> Problem:
    """Return the problem for text that begins at ``first_line`` of ``file``."""
    line, message = _explain(first_line, text, error)
    return Problem(
        origin=f"{file}:{line}",
        subject="",
        path="",
        code="yaml-syntax",
        severity=Severity.ERROR,
        message=f"This is not valid YAML: {message}.",
    )


def _explain(first_line: int, text: str, error: yaml.YAMLError) -> tuple[int, str]:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark:
        lines = text.splitlines()
        # The end of the text is a place after its last line.
        offset = min(error.problem_mark.line, max(len(lines) - 1, 0))
        message = f"{error.problem} (column {error.problem_mark.column + 1})"
        if error.context and error.context_mark:
            message += f", {error.context} in line {first_line + error.context_mark.line}"
        if "\t" in _indentation(lines[offset]):
            message += ". Indent with spaces: YAML allows no tabs there"
        return first_line + offset, message
    if isinstance(error, ReaderError):
        before = text.encode()[: error.position].decode(errors="ignore")
        return first_line + before.count("\n"), (
            f"the character U+{error.character:04X} is not allowed "
            f"(column {len(before) - before.rfind(chr(10))})"
        )
    return first_line, str(error)


def _indentation(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]
