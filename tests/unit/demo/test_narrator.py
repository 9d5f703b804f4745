"""Progress: plain lines in a pipe, a moving picture on a terminal only."""

import io

import pytest
from rich.console import Console

from demo.narrator import Narrator


def told(**how):
    written = io.StringIO()
    with Narrator(Console(file=written, **how)).step("Counting", "Counted", seconds=1) as step:
        step.tell("Counting on")
        step.after(0.5)
        step.done = "Counted to three"
    return written.getvalue()


def test_a_pipe_gets_one_line_a_step_without_escape_codes():
    text = told()
    assert text.startswith("✓ Counted to three (")
    assert text.count("\n") == 1
    assert "\x1b" not in text


def test_a_terminal_sees_what_is_going_on():
    text = told(force_terminal=True, width=80, _environ={})
    assert "Counting on" in text
    assert "Counted to three" in text


def test_a_step_that_fails_is_not_reported_as_done():
    written = io.StringIO()
    narrator = Narrator(Console(file=written))
    with pytest.raises(ValueError, match="two"), narrator.step("Counting", "Counted"):
        raise ValueError("two")
    assert written.getvalue() == ""
