"""However much is wrong with an object, finding and listing it takes linear work."""

from __future__ import annotations

import pytest

from straightway.api import VirtualService, examine, messages
from straightway.api.examine import MOST_LISTED

ROUTE = {"route": [{"destination": {"host": "a"}}]}
MORE = "further-problems"


def virtual_service(http, **fields):
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "VirtualService",
        "metadata": {"name": "a", "namespace": "b"},
        "spec": {"hosts": ["*"], "http": http, **fields},
    }


@pytest.fixture
def counted(monkeypatch):
    """Return the counts of validations and of messages made."""
    counts = {"validations": 0, "messages": 0}
    validate, message_of = VirtualService.model_validate, messages.message_of

    def count_validation(*args, **kwargs):
        counts["validations"] += 1
        return validate(*args, **kwargs)

    def count_message(*args):
        counts["messages"] += 1
        return message_of(*args)

    monkeypatch.setattr(VirtualService, "model_validate", count_validation)
    monkeypatch.setattr(examine, "message_of", count_message)
    return counts


def unknown_fields(number):
    return {f"unknown{index}": 1 for index in range(number)}


@pytest.mark.parametrize(
    "body",
    [
        virtual_service([ROUTE], **unknown_fields(2_000)),
        virtual_service([{**ROUTE, **unknown_fields(2_000)}]),
        virtual_service([{**ROUTE, f"unknown{index}": 1} for index in range(2_000)]),
        virtual_service([{**ROUTE, "timeout": index} for index in range(2_000)]),
        virtual_service([ROUTE], hosts=[f"a b{index}" for index in range(2_000)]),
    ],
    ids=["spec", "one route", "many routes", "values", "items"],
)
def test_a_hundred_problems_are_listed_and_the_rest_is_counted(read, counted, body):
    if "hosts" in body["spec"] and len(body["spec"]["hosts"]) > 1_000:
        body["spec"]["hosts"] = body["spec"]["hosts"][:1_000]

    parsed = read(body)

    *listed, more = parsed.problems
    assert len(listed) == MOST_LISTED == counted["messages"]
    assert (more.code, more.path) == (MORE, "")
    assert more.message.startswith(("At least 1,900 more", "At least 900 more"))
    assert counted["validations"] <= 2
    assert parsed.object is None
    assert parsed.problems == read(body).problems


def test_a_hundred_problems_need_no_further_line(read):
    parsed = read(virtual_service([ROUTE], **unknown_fields(100)))

    assert len(parsed.problems) == 100
    assert {problem.code for problem in parsed.problems} == {"unknown-field"}


def test_one_more_than_a_hundred_is_said(read):
    *listed, more = read(virtual_service([ROUTE], **unknown_fields(101))).problems

    assert len(listed) == 100
    assert more.message == (
        "At least 1 more problem of this object is not listed: fix these first."
    )


def test_an_error_is_listed_although_warnings_come_before_it(read):
    warned = [{**ROUTE, "fault": {}} for _ in range(150)]

    parsed = read(virtual_service([*warned, {**ROUTE, "timeout": 5}]))

    codes = [problem.code for problem in parsed.problems]
    assert codes == [*["not-translated-yet"] * 99, "invalid-duration", MORE]
    assert parsed.object is None


def test_warnings_alone_leave_the_object_in_force_however_many(read, counted):
    parsed = read(virtual_service([{**ROUTE, "fault": {}} for _ in range(150)]))

    assert [problem.code for problem in parsed.problems] == [
        *["not-translated-yet"] * 100,
        MORE,
    ]
    assert not any(problem.is_error for problem in parsed.problems)
    assert parsed.object is not None
    assert counted["validations"] == 2


def test_an_error_that_many_warnings_hide_is_found(read):
    # The weights are checked once the routes are read, which the warnings keep from happening.
    destinations = [{"destination": {"host": "a"}, "headers": {"request": {"add": {"host": "x"}}}}]

    parsed = read(virtual_service([{"route": destinations * 150}]))

    assert "no-weight" in {problem.code for problem in parsed.problems}
    assert len(parsed.problems) == MOST_LISTED + 1
    assert parsed.object is None


def test_checks_that_hide_one_another_take_a_validation_each(read, counted):
    first = {
        "match": [{"uri": {"exact": 5, "prefix": "a"}, "sourceNamespace": "x"}],
        "redirect": {"redirectCode": 1},
        **ROUTE,
    }
    body = virtual_service([first, {"route": ROUTE["route"] * 2}], hosts=["a", "a"])

    parsed = read(body)

    assert {(problem.path.removeprefix("spec."), problem.code) for problem in parsed.problems} == {
        ("http[0].match[0].uri.exact", "wrong-type"),
        ("http[0].match[0].uri.prefix", "never-matches"),
        ("http[0].redirect.redirectCode", "unknown-value"),
        ("http[1].route", "no-weight"),
        ("hosts[1]", "duplicate-value"),
    }
    assert counted["validations"] <= 1 + examine._MOST_ROUNDS


def test_an_unknown_key_of_a_megabyte_takes_a_line(read):
    (problem,) = read(virtual_service([ROUTE], **{"x" * 1_000_000: 1})).problems

    assert problem.code == "unknown-field"
    assert len(problem.message) < 400
    assert len(problem.path) < 120


def test_a_value_of_a_megabyte_takes_a_line(read):
    long = "a b" * 60_000
    match = {"uri": {"regex": "(" + long}, "headers": {long: {}}, "queryParams": {long: {}}}
    headers = {"request": {"set": {"a": f"%{long.upper()}(", "b": "%" + "A" * 9_000 + "%"}}}
    body = virtual_service([{"match": [match], "headers": headers, "timeout": long}])

    problems = read(body).problems

    assert len(problems) >= 5
    for problem in problems:
        assert len(problem.message) < 400
        assert len(problem.path) < 200
        assert problem.message.isprintable()


def test_one_problem_takes_two_validations(read, counted):
    parsed = read(virtual_service([{**ROUTE, "timout": "1s"}]))

    assert [problem.code for problem in parsed.problems] == ["unknown-field"]
    assert counted == {"validations": 2, "messages": 1}
