"""Each problem is logged once when it appears, and once when it is gone."""

from __future__ import annotations

from structlog.testing import capture_logs

from straightway.documents import Problem, Reference, Severity
from straightway.logs.problems import ProblemLog

A = Reference("", "Service", "default", "a")
ERROR = Problem("a.yaml:1", "one", Severity.ERROR, "Mend it.", "spec", A)
WARNING = Problem("b.yaml:2", "two", Severity.WARNING, "Look at it.")


def replaced(log: ProblemLog, of_objects, between):
    with capture_logs() as lines:
        log.replace(of_objects, between)
    return [(line["event"], line["log_level"], line["code"]) for line in lines]


def test_what_appears_is_logged_at_its_severity():
    log = ProblemLog()

    assert replaced(log, [WARNING, ERROR], []) == [
        ("problem", "error", "one"),
        ("problem", "warning", "two"),
    ]
    assert log.standing == [ERROR, WARNING]


def test_what_stays_is_not_logged_again():
    log = ProblemLog()
    replaced(log, [ERROR], [WARNING])

    assert replaced(log, [ERROR], [WARNING]) == []


def test_what_is_gone_is_logged_as_solved():
    log = ProblemLog()
    replaced(log, [ERROR], [WARNING])

    assert replaced(log, [], [WARNING]) == [("problem solved", "info", "one")]
    assert log.standing == [WARNING]


def test_what_is_between_objects_may_be_left_as_it_was():
    log = ProblemLog()
    replaced(log, [], [WARNING])

    assert replaced(log, [ERROR], None) == [("problem", "error", "one")]
    assert log.standing == [ERROR, WARNING]


def test_only_what_is_known_is_said():
    with capture_logs() as lines:
        ProblemLog().replace([WARNING], [])

    assert lines == [
        {
            "event": "problem",
            "log_level": "warning",
            "at": "b.yaml:2",
            "code": "two",
            "message": "Look at it.",
        }
    ]
