"""Each problem is logged once when it appears, and once when it is gone."""

from __future__ import annotations

from structlog.testing import capture_logs

from straightway.documents import Problem, ProblemStore, Reference, Severity
from straightway.logs.problems import log_problems

A = Reference("", "Service", "default", "a")
ERROR = Problem("a.yaml:1", "one", Severity.ERROR, "Mend it.", "spec", A)
WARNING = Problem("b.yaml:2", "two", Severity.WARNING, "Look at it.")


def logged(appeared, solved):
    with capture_logs() as lines:
        log_problems(appeared, solved)
    return lines


def test_what_appears_is_logged_at_its_severity():
    lines = logged([ERROR, WARNING], [])

    assert [(line["event"], line["log_level"], line["code"]) for line in lines] == [
        ("problem", "error", "one"),
        ("problem", "warning", "two"),
    ]


def test_what_is_solved_is_logged_before_what_appears():
    lines = logged([WARNING], [ERROR])

    assert [(line["event"], line["log_level"]) for line in lines] == [
        ("problem solved", "info"),
        ("problem", "warning"),
    ]


def test_only_what_is_known_is_said():
    assert logged([WARNING], []) == [
        {
            "event": "problem",
            "log_level": "warning",
            "at": "b.yaml:2",
            "code": "two",
            "message": "Look at it.",
        }
    ]


def test_it_listens_to_a_store():
    store = ProblemStore()
    store.listen(log_problems)

    with capture_logs() as lines:
        store.replace("a", [ERROR])
        store.replace("a", [ERROR])
        store.replace("a", [])

    assert [line["event"] for line in lines] == ["problem", "problem solved"]
