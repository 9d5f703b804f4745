"""Who hears of an event, and what becomes of those after a callback that fails."""

import pytest

from straightway.discovery import Callbacks
from straightway.discovery.callbacks import Events


class Noting(Callbacks):
    def __init__(self, name: str, heard: list[str]) -> None:
        self.name = name
        self.heard = heard

    def audience_unused(self, key: object) -> None:
        self.heard.append(f"{self.name} {key}")


class Failing(Callbacks):
    def audience_unused(self, key: object) -> None:
        raise RuntimeError("broken callback")


def test_all_hear_of_an_event_in_order():
    heard: list[str] = []
    Events([Noting("first", heard), Noting("second", heard)]).audience_unused("key")
    assert heard == ["first key", "second key"]


def test_a_failing_callback_is_logged_and_keeps_none_from_hearing(
    caplog: pytest.LogCaptureFixture,
):
    heard: list[str] = []
    Events([Noting("first", heard), Failing(), Noting("last", heard)]).audience_unused("key")

    assert heard == ["first key", "last key"]
    assert "Failing.audience_unused" in caplog.text
    assert "broken callback" in caplog.text


def test_an_event_that_nobody_overrides_has_no_listeners():
    events = Events([Noting("", []), Callbacks()])
    assert events.audience_unused
    assert not events.audience_wanted
    assert not Events().audience_unused
