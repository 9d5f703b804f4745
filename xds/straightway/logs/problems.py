"""Logs each problem once when it appears, and once when it is solved."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from straightway.documents import Problem, Severity

_log = structlog.get_logger()


def log_problems(appeared: Sequence[Problem], solved: Sequence[Problem]) -> None:
    """Log what differs; a listener of :class:`~straightway.documents.ProblemStore`."""
    for problem in solved:
        _log.info("problem solved", **_facts(problem))
    for problem in appeared:
        level = _log.error if problem.severity is Severity.ERROR else _log.warning
        level("problem", **_facts(problem, message=problem.message))


def _facts(problem: Problem, message: str = "") -> dict[str, str]:
    facts = {
        "at": problem.origin,
        "message": message,
        "object": problem.subject,
        "path": problem.path,
        "code": str(problem.code),
    }
    return {key: value for key, value in facts.items() if value}
