"""Mistakes of ours, made on purpose, and how they are told."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

Lines = Sequence[Mapping[str, Any]]


class OurMistakeError(Exception):
    """What is raised in the place of a mistake."""


def fails_for(function: Callable[..., Any], text: str) -> Callable[..., Any]:
    """Return a function that does the same, but raises where its first argument names a text."""

    def failing(first: Any, *rest: Any, **named: Any) -> Any:
        if text in str(first):
            raise OurMistakeError(text)
        return function(first, *rest, **named)

    return failing


def break_for(broken: pytest.MonkeyPatch, module: Any, function: str, text: str) -> None:
    """Have a function raise where its first argument names a text."""
    broken.setattr(module, function, fails_for(getattr(module, function), text))


def errors(lines: Lines) -> list[tuple[str, str]]:
    """The events that were logged as errors, each with the cause."""
    return [
        (line["event"], str(line["exc_info"]) if line["exc_info"] is not True else "")
        for line in lines
        if line["log_level"] == "error" and "exc_info" in line
    ]
