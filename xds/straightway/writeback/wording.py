"""The words of conditions: reasons, and messages with the path and the remedy of each problem."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from straightway.documents import Problem
from straightway.intake.wording import KEPT, KEPT_UNREAD, NOTHING_IN_FORCE

_MOST_PROBLEMS: Final = 5
_LONGEST: Final = 4000
"""https://kubernetes.io/docs/reference/ allows 32,768 characters; nobody reads as many."""


def camel(code: str) -> str:
    """Return a code as a reason: ``unknown-host`` → ``UnknownHost``."""
    return "".join(part.capitalize() for part in code.split("-"))


def said(problem: Problem) -> str:
    """Return a problem with its path: ``spec.http[0].timeout: …``.

    What is in force is left out: conditions say it with the generation.
    """
    message = problem.message
    for ending in (KEPT, KEPT_UNREAD, NOTHING_IN_FORCE):
        message = message.removesuffix(f" {ending}")
    return f"{problem.path}: {message}" if problem.path else message


def listed(problems: Sequence[Problem]) -> str:
    """Return some problems as one text: the first few, and how many more there are."""
    texts = [said(problem) for problem in problems[:_MOST_PROBLEMS]]
    if (more := len(problems) - len(texts)) > 0:
        texts.append(f"And {more} more.")
    return short(" ".join(texts))


def short(text: str, longest: int = _LONGEST) -> str:
    """Return a text of limited length."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def counted(number: int, noun: str) -> str:
    """Return ``1 proxy`` or ``3 proxies``."""
    if number == 1:
        return f"1 {noun}"
    return f"{number} {noun[:-1]}ies" if noun.endswith("y") else f"{number} {noun}s"
