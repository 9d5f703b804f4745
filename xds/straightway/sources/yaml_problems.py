"""Turns libyaml's errors about broken YAML into plain words, with the place in the file."""

from __future__ import annotations

import re
from itertools import islice

import yaml
from yaml.reader import ReaderError

from straightway.documents import Problem, Severity
from straightway.sources.yaml_limits import TooLargeError

_LINE_BREAK = re.compile("\n")

# libyaml's terms, reworded to include the fix.
_PLAIN_WORDS = {
    "mapping values are not allowed in this context": (
        "no key is allowed here; indent the line like its neighbours, and quote a value that "
        "holds ': '"
    ),
    "found character that cannot start any token": (
        "a value that begins with this character must be quoted"
    ),
    "did not find expected key": (
        "a key is expected here; indent the line like its neighbours, and close every quote"
    ),
    "did not find expected '-' indicator": (
        "a list item ('- ') is expected here; indent the line like its neighbours"
    ),
    "did not find expected node content": "a value is expected here; close every bracket and quote",
    "could not find expected ':'": "there is no ': ' after the key",
    "found unexpected end of stream": "the quote that begins here is never closed",
}
# Errors that libyaml notices only later; the context is the place to fix.
_NOTICED_LATE = {"could not find expected ':'", "found unexpected end of stream"}


def syntax_problem(file: str, first_line: int, text: str, error: yaml.YAMLError) -> Problem:
    """Return the problem for text that begins at ``first_line`` of ``file``."""
    if isinstance(error, TooLargeError):
        line = first_line + (error.problem_mark.line if error.problem_mark else 0)
        message = f"{error.problem}."
        return Problem(f"{file}:{line}", "document-too-large", Severity.ERROR, message)
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark:
        line, column, message = _marked(first_line, text, error)
    elif isinstance(error, ReaderError):
        line, column, message = _unprintable(first_line, text, error)
    else:
        line, column, message = first_line, 1, str(error)
    return Problem(
        origin=f"{file}:{line}",
        code="yaml-syntax",
        severity=Severity.ERROR,
        message=f"Invalid YAML at column {column}: {message}.",
    )


def _marked(first_line: int, text: str, error: yaml.MarkedYAMLError) -> tuple[int, int, str]:
    mark, problem = error.problem_mark, error.problem or ""
    if problem in _NOTICED_LATE:
        mark = error.context_mark or mark
    assert mark is not None
    text = text.rstrip("\n")
    offset, column = mark.line, mark.column
    start = _start_of(text, offset)
    if start is None:
        # The end of the text, after its last line.
        start = text.rfind("\n") + 1
        offset, column = text.count("\n"), len(text) - start
    message = _PLAIN_WORDS.get(problem, problem)
    if text.startswith("\t", start + column):
        message = "YAML does not allow a tab here; indent with spaces"
    elif error.context_mark and error.context_mark.line != mark.line:
        message += f" ({error.context} in line {first_line + error.context_mark.line})"
    return first_line + offset, column + 1, message


def _start_of(text: str, line: int) -> int | None:
    """Return where a line (from 0) starts, or None if there is no such line.

    A list of all lines can take ten times the memory of the text.
    """
    if line == 0:
        return 0
    found = next(islice(_LINE_BREAK.finditer(text), line - 1, None), None)
    return None if found is None else found.end()


def _unprintable(first_line: int, text: str, error: ReaderError) -> tuple[int, int, str]:
    # libyaml counts bytes.
    before = text.encode()[: error.position].decode(errors="ignore")
    line = first_line + before.count("\n")
    column = len(before) - before.rfind("\n")
    return line, column, f"the character U+{error.character:04X} is not allowed"
