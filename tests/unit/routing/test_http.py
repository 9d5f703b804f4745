"""Rules: which match all, in what order they stand, and how changes of headers add up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from straightway.routing.http import (
    EVERY_REQUEST,
    PRESENT,
    UNCHANGED,
    DirectResponse,
    HeaderChanges,
    HeaderMatch,
    Match,
    PathMatch,
    QueryMatch,
    Rule,
    TextKind,
    in_order,
)

OK = DirectResponse(200)
NARROW = Match(PathMatch(TextKind.PREFIX, "/a"))


def names(*groups: list[Rule]) -> list[str]:
    return [rule.name for rule in in_order(groups)]


@pytest.mark.parametrize(
    ("match", "all_of_them"),
    [
        (EVERY_REQUEST, True),
        (Match(PathMatch(TextKind.PREFIX, "/")), True),
        (Match(PathMatch(TextKind.EXACT, "/")), False),
        (Match(PathMatch(TextKind.REGEX, "/.*")), False),
        (NARROW, False),
        (Match(headers=(HeaderMatch("a", PRESENT),)), False),
        (Match(query=(QueryMatch("a", PRESENT),)), False),
    ],
)
def test_what_admits_every_request(match, all_of_them):
    assert match.admits_all is all_of_them


class TestOrder:
    def test_rules_keep_theirs(self):
        assert names([Rule(NARROW, OK, "a"), Rule(NARROW, OK, "b")], [Rule(NARROW, OK, "c")]) == [
            "a",
            "b",
            "c",
        ]

    def test_what_nothing_reaches_is_left_out(self):
        assert names([Rule(EVERY_REQUEST, OK, "all"), Rule(NARROW, OK, "hidden")]) == ["all"]

    def test_the_first_for_every_request_goes_last(self):
        first = [Rule(EVERY_REQUEST, OK, "all-a")]
        second = [Rule(NARROW, OK, "b"), Rule(EVERY_REQUEST, OK, "all-b")]

        assert names(first, second) == ["b", "all-a"]


NAMES = st.sampled_from(["x-a", "X-A", "x-b", "x-c"])
HEADERS = st.lists(st.tuples(NAMES, st.sampled_from("12")), max_size=3).map(tuple)
CHANGES = st.builds(HeaderChanges, HEADERS, HEADERS, st.lists(NAMES, max_size=2).map(tuple))


def changed(headers: dict[str, list[str]], changes: HeaderChanges) -> dict[str, list[str]]:
    """The headers after the changes, by name in lower case."""
    result = {name: list(values) for name, values in headers.items()}
    for name in changes.remove:
        result.pop(name.lower(), None)
    for name, value in changes.set:
        result[name.lower()] = [value]
    for name, value in changes.add:
        result.setdefault(name.lower(), []).append(value)
    return result


class TestHeaderChanges:
    @given(CHANGES, CHANGES, st.dictionaries(st.sampled_from(["x-a", "x-b"]), st.just(["0"])))
    def test_two_as_one_are_like_one_after_the_other(self, first, second, headers):
        assert changed(headers, first.then(second)) == changed(changed(headers, first), second)

    def test_nothing_adds_nothing(self):
        changes = HeaderChanges(set=(("a", "1"),))

        assert changes.then(UNCHANGED) is changes
        assert UNCHANGED.then(changes) is changes
