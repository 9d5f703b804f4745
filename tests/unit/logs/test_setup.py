from __future__ import annotations

import io
import json
import logging
from datetime import UTC, datetime
from typing import Any

import structlog

from straightway.logs import LogFormat, LogLevel, configure


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_json_line_says_when_how_bad_and_what_first_and_then_the_facts() -> None:
    stream = io.StringIO()
    configure(LogFormat.JSON, stream=stream)

    structlog.get_logger().info("proxy connected", node="router~ä", streams=2)

    (line,) = lines(stream)
    assert list(line)[:3] == ["timestamp", "level", "event"]
    timestamp = datetime.fromisoformat(line.pop("timestamp"))
    assert timestamp.tzinfo == UTC
    assert line == {
        "level": "info",
        "event": "proxy connected",
        "node": "router~ä",
        "streams": 2,
    }


def test_auto_is_json_where_nobody_looks() -> None:
    stream = io.StringIO()
    configure(LogFormat.AUTO, stream=stream)

    structlog.get_logger().warning("rejected")

    assert lines(stream)[0]["event"] == "rejected"


def test_auto_is_coloured_text_on_a_terminal() -> None:
    stream = Terminal()
    configure(LogFormat.AUTO, stream=stream)

    structlog.get_logger().warning("rejected", problem="bad host")

    assert "\x1b[" in stream.getvalue()
    assert "rejected" in stream.getvalue()


def test_console_keeps_the_order_in_which_facts_were_given() -> None:
    stream = io.StringIO()
    configure(LogFormat.CONSOLE, stream=stream)

    structlog.get_logger().error("problem", message="bad host", at="a.yaml:3")

    assert stream.getvalue().rstrip().endswith("problem message='bad host' at=a.yaml:3")


def test_console_has_no_colours_in_a_file() -> None:
    stream = io.StringIO()
    configure(LogFormat.CONSOLE, stream=stream)

    structlog.get_logger().warning("rejected")

    assert "\x1b[" not in stream.getvalue()


def test_lines_below_the_level_are_not_written() -> None:
    stream = io.StringIO()
    configure(LogFormat.JSON, LogLevel.WARNING, stream)

    structlog.get_logger().info("pushed")
    structlog.get_logger().error("crashed")

    assert [line["event"] for line in lines(stream)] == ["crashed"]


def test_a_traceback_is_part_of_its_line() -> None:
    stream = io.StringIO()
    configure(LogFormat.JSON, stream=stream)

    try:
        raise ValueError("no such thing")
    except ValueError:
        structlog.get_logger().exception("stream failed")

    (line,) = lines(stream)
    assert line["level"] == "error"
    assert "ValueError: no such thing" in line["exception"]


def test_trouble_in_a_library_is_reported_in_the_same_form() -> None:
    stream = io.StringIO()
    configure(LogFormat.JSON, stream=stream)

    logging.getLogger("grpc").warning("lost %s", "connection")
    logging.getLogger("grpc").info("of no interest")

    (line,) = lines(stream)
    assert list(line)[:3] == ["timestamp", "level", "event"]
    assert (line["event"], line["level"], line["logger"]) == ("lost connection", "warning", "grpc")


def test_facts_bound_for_a_task_are_on_each_of_its_lines() -> None:
    stream = io.StringIO()
    configure(LogFormat.JSON, stream=stream)

    with structlog.contextvars.bound_contextvars(node="gw-1"):
        structlog.get_logger().info("pushed")

    assert lines(stream)[0]["node"] == "gw-1"
