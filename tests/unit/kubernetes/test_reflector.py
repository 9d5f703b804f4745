"""The reflector, one story at a time; test_reflector_convergence.py has all stories mixed."""

from __future__ import annotations

import pytest

from straightway.kubernetes.reflector import (
    CONFIRM_SECONDS,
    FORGET_SECONDS,
    AskForChanges,
    AskForPage,
    AskForStream,
    AskForVersion,
    Failure,
    Lack,
    Reflector,
)


def listed(version: str = "10", **objects: str) -> Reflector:
    """Return a reflector that has listed these objects, with their versions."""
    reflector = Reflector()
    list_again(reflector, version, **objects)
    return reflector


def list_again(reflector: Reflector, version: str, **objects: str) -> tuple[list[str], list[str]]:
    """Stream a list; return what has changed, and what is gone."""
    assert reflector.ask() == AskForStream()
    changed = [key for key, its in objects.items() if reflector.came(key, its)]
    return changed, list(reflector.bookmark(version, ends_list=True))


def test_it_lists_and_then_watches_from_the_lists_version():
    reflector = Reflector()
    assert list_again(reflector, "10", a="3", b="7") == (["a", "b"], [])
    assert reflector.ask() == AskForChanges("10")


@pytest.mark.parametrize(
    "see", [lambda r: r.came("a", "12"), lambda r: r.went("a", "12"), lambda r: r.bookmark("12")]
)
def test_what_was_seen_is_not_asked_for_again(see):
    reflector = listed(a="3")
    see(reflector)
    assert reflector.ask() == AskForChanges("12")


def test_a_list_with_nothing_changed_says_nothing():
    reflector = listed(a="3", b="7")
    reflector.failed(Failure.EXPIRED, 0)
    assert list_again(reflector, "20", a="3", b="7") == ([], [])


def test_a_list_finds_what_changed_and_what_was_deleted_meanwhile():
    reflector = listed(a="3", b="7", c="9")
    reflector.failed(Failure.EXPIRED, 0)
    assert list_again(reflector, "20", a="3", b="15") == (["b"], ["c"])


def test_what_is_deleted_while_it_is_listed_is_gone_once():
    reflector = Reflector()
    reflector.came("a", "3")
    assert reflector.went("a", "11")
    assert list(reflector.bookmark("11", ends_list=True)) == []
    assert reflector.known == {}


def test_an_object_that_nobody_can_read_is_not_gone():
    reflector = listed(a="3", b="7")
    reflector.failed(Failure.EXPIRED, 0)
    reflector.came("a", "3")
    reflector.is_there("b")
    assert list(reflector.bookmark("20", ends_list=True)) == []


def test_pages_follow_where_there_are_no_streams():
    reflector = Reflector()
    reflector.failed(Failure.NOT_STREAMED, 0)
    assert reflector.ask() == AskForPage("")
    reflector.came("a", "3")
    assert not reflector.page("10", "more")
    assert reflector.ask() == AskForPage("more")
    assert not reflector.is_settled
    reflector.came("b", "7")
    assert not reflector.page("10", "")
    assert reflector.ask() == AskForChanges("10")
    assert reflector.is_settled


def test_a_page_that_does_not_come_is_asked_for_again():
    reflector = Reflector()
    reflector.failed(Failure.NOT_STREAMED, 0)
    reflector.came("a", "3")
    reflector.page("10", "more")
    reflector.failed(Failure.BROKEN, 0)
    assert reflector.ask() == AskForPage("more")


def test_a_page_that_has_expired_means_all_pages_again():
    reflector = listed(a="3", b="7")
    reflector.failed(Failure.EXPIRED, 0)
    reflector.failed(Failure.NOT_STREAMED, 0)
    reflector.came("a", "3")
    reflector.page("20", "more")
    reflector.failed(Failure.EXPIRED, 0)
    assert reflector.ask() == AskForPage("")
    reflector.came("b", "7")
    assert list(reflector.page("21", "")) == ["a"]


def test_streams_that_keep_breaking_are_given_up_for_one_list():
    reflector = Reflector()
    for _ in range(3):
        assert reflector.ask() == AskForStream()
        reflector.failed(Failure.BROKEN, 0)
    assert reflector.ask() == AskForPage("")
    reflector.page("10", "")
    reflector.failed(Failure.EXPIRED, 0)
    assert reflector.ask() == AskForStream()


@pytest.mark.parametrize("end", [lambda r: r.ended(), lambda r: r.failed(Failure.BROKEN, 0)])
def test_a_list_without_its_end_is_no_list(end):
    reflector = listed(a="3", b="7")
    reflector.failed(Failure.EXPIRED, 0)
    reflector.came("a", "3")
    end(reflector)
    assert reflector.known.keys() == {"a", "b"}
    assert reflector.ask() == AskForStream()


# A server with older data.


@pytest.mark.parametrize("end", [lambda r: r.ended(), lambda r: r.failed(Failure.BROKEN, 0)])
def test_after_a_watch_the_server_must_show_that_it_is_not_older(end):
    reflector = listed("10", a="3")
    end(reflector)
    assert reflector.ask() == AskForVersion()
    reflector.current("10")
    assert reflector.ask() == AskForChanges("10")


def test_versions_of_another_history_mean_nothing():
    reflector = listed("10", a="3", b="7")
    reflector.failed(Failure.BROKEN, 0)
    reflector.current("5")
    # Its b has the version that another b had.
    assert list_again(reflector, "8", a="3", b="7") == (["a", "b"], [])
    assert reflector.ask() == AskForChanges("8")


def test_a_list_of_another_history_is_listed_again():
    reflector = listed("10", a="3", b="7")
    reflector.failed(Failure.EXPIRED, 0)
    assert list_again(reflector, "8", a="3") == ([], [])
    assert list_again(reflector, "8", a="3") == (["a"], ["b"])


def test_what_an_unfinished_list_said_may_be_of_another_history():
    reflector = Reflector()
    reflector.came("a", "3")
    reflector.failed(Failure.BROKEN, 0)
    assert list_again(reflector, "4", a="3") == (["a"], [])


def test_versions_that_are_no_numbers_are_another_history_if_they_differ():
    reflector = listed("x", a="3")
    reflector.ended()
    reflector.current("x")
    assert reflector.ask() == AskForChanges("x")
    reflector.ended()
    reflector.current("y")
    assert reflector.ask() == AskForStream()


# A kind that is lacking.

LACKS = [(Failure.UNKNOWN_KIND, Lack.UNKNOWN_KIND), (Failure.FORBIDDEN, Lack.FORBIDDEN)]


@pytest.mark.parametrize(("failure", "lack"), LACKS)
def test_a_lack_is_believed_when_it_was_said_for_a_while(failure, lack):
    reflector = Reflector()
    reflector.failed(failure, 100)
    reflector.failed(failure, 100 + CONFIRM_SECONDS - 0.1)
    assert not reflector.is_settled
    assert reflector.lack is None
    reflector.failed(failure, 100 + CONFIRM_SECONDS)
    assert reflector.is_settled
    assert reflector.lack is lack


@pytest.mark.parametrize(("failure", "lack"), LACKS)
def test_a_lack_ends_with_a_list(failure, lack):
    reflector = Reflector()
    reflector.failed(failure, 0)
    reflector.failed(failure, CONFIRM_SECONDS)
    assert list_again(reflector, "10", a="3") == (["a"], [])
    assert reflector.lack is None


def test_objects_of_an_unknown_kind_are_forgotten_late():
    reflector = listed(a="3")
    assert not reflector.failed(Failure.UNKNOWN_KIND, 100)
    assert not reflector.failed(Failure.UNKNOWN_KIND, 99 + FORGET_SECONDS)
    assert list(reflector.failed(Failure.UNKNOWN_KIND, 100 + FORGET_SECONDS)) == ["a"]


def test_objects_that_are_not_allowed_are_never_forgotten():
    reflector = listed(a="3")
    assert not reflector.failed(Failure.FORBIDDEN, 0)
    assert not reflector.failed(Failure.FORBIDDEN, 1000 * FORGET_SECONDS)
    assert reflector.known.keys() == {"a"}


def test_a_server_that_was_away_has_to_say_it_again():
    reflector = listed(a="3")
    reflector.failed(Failure.UNKNOWN_KIND, 0)
    reflector.failed(Failure.BROKEN, 1)
    assert not reflector.failed(Failure.UNKNOWN_KIND, FORGET_SECONDS)
    assert reflector.lack is None


def test_not_allowed_after_unknown_counts_from_then_on():
    reflector = Reflector()
    reflector.failed(Failure.UNKNOWN_KIND, 0)
    reflector.failed(Failure.FORBIDDEN, CONFIRM_SECONDS)
    assert reflector.lack is None
    reflector.failed(Failure.FORBIDDEN, 2 * CONFIRM_SECONDS)
    assert reflector.lack is Lack.FORBIDDEN
