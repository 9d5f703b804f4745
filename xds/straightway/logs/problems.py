"""Logs each problem once when it appears, and once when it is gone."""

from __future__ import annotations

from collections.abc import Iterable

import structlog

from straightway.documents import Problem, Severity

_log = structlog.get_logger()


class ProblemLog:
    """The problems that stand, those of single objects and those between objects."""

    def __init__(self) -> None:
        self._of_objects: frozenset[Problem] = frozenset()
        self._between: frozenset[Problem] = frozenset()

    @property
    def standing(self) -> list[Problem]:
        """All problems that stand, sorted by place."""
        return sorted(self._of_objects | self._between)

    def replace(self, of_objects: Iterable[Problem], between: Iterable[Problem] | None) -> None:
        """Log what differs from before; None: what is between objects is as it was."""
        before = self._of_objects | self._between
        self._of_objects = frozenset(of_objects)
        if between is not None:
            self._between = frozenset(between)
        after = self._of_objects | self._between
        for problem in sorted(before - after):
            _log.info("problem solved", **_facts(problem))
        for problem in sorted(after - before):
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
