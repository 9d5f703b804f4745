"""Problems: all at once, each once, and with its place."""

from __future__ import annotations

from pydantic_core import ErrorDetails

from straightway.api import VirtualService
from straightway.api.messages import code_of, message_of
from straightway.documents import Severity
from tests.support.bad_specs import DR, VS, http, policy


def test_all_problems_come_at_once(read_spec):
    parsed = read_spec(
        VS,
        """
        hosts: [a.com, "b*", A.com]
        tiemout: 1s
        http:
        - timeout: 5
          fault: {abort: {}}
          match: [{uri: {exact: a, prefix: /b}}]
          headers: {request: {set: {":path": x, a: "%"}}}
          route: [{destination: {host: x, port: {number: 0}}}]
        - {}
        """,
    )

    assert {(problem.path, problem.code) for problem in parsed.problems} == {
        ("spec.hosts[1]", "invalid-host"),
        ("spec.tiemout", "unknown-field"),
        ("spec.http[0].timeout", "invalid-duration"),
        ("spec.http[0].fault", "not-translated-yet"),
        ("spec.http[0].match[0].uri.prefix", "conflicting-fields"),
        ("spec.http[0].match[0].uri.exact", "never-matches"),
        ('spec.http[0].headers.request.set[":path"]', "immutable-header"),
        ("spec.http[0].headers.request.set.a", "invalid-header-value"),
        ("spec.http[0].route[0].destination.port.number", "invalid-port"),
        ("spec.http[1]", "no-action"),
    }


def test_a_problem_says_where_it_is(read_spec):
    (problem,) = read_spec(DR, policy("outlierDetection: {interval: 5}")).problems

    assert problem.origin == "file.yaml:spec/trafficPolicy/outlierDetection/interval"
    assert problem.path == "spec.trafficPolicy.outlierDetection.interval"
    assert problem.severity is Severity.ERROR


def test_a_missing_thing_is_said_once(read_spec):
    (problem,) = read_spec(VS, http("{route: [{weight: 1}]}")).problems

    assert problem.path == "spec.http[0].route[0].destination"


def test_a_mistake_without_words_of_its_own_names_the_value_and_the_field():
    error: ErrorDetails = {"type": "finite_number", "loc": (), "msg": "", "input": "x"}

    message = message_of(VirtualService, ("spec", "http", 0), error, lambda path: None)

    assert code_of(error) == "invalid-value"
    assert message == '"x" cannot be used as http.'
