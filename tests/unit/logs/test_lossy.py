"""The log loses lines rather than time."""

from __future__ import annotations

import errno
import fcntl
import io
import json
import logging
import os
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from straightway.logs import LogFormat, configure

SIZE = 4 * 4096
"""Of a pipe, in bytes. Linux holds a pipe ready to be written to if one of its pages is free."""


class Pipe:
    """A small pipe that nobody reads but the test, and the log that writes to it."""

    def __init__(self, form: LogFormat = LogFormat.JSON) -> None:
        self.reader, writer = os.pipe()
        fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, SIZE)
        os.set_blocking(self.reader, False)
        self.stream = os.fdopen(writer, "w")
        configure(form, stream=self.stream)

    def read(self) -> list[str]:
        """The lines in the pipe."""
        return os.read(self.reader, 10 * SIZE).decode().splitlines()

    def close(self) -> None:
        os.close(self.reader)
        self.stream.close()


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    made = Pipe()
    yield made
    made.close()


def test_a_pipe_that_nobody_reads_is_not_waited_for(pipe):
    log = structlog.get_logger()
    for number in range(1000):
        log.info("line", number=number)
        logging.getLogger("grpc").warning("line %d", number)

    first = [json.loads(line) for line in pipe.read()]
    log.info("after")
    lost, after = [json.loads(line) for line in pipe.read()]

    assert [line["number"] for line in first if "number" in line] == [*range((len(first) + 1) // 2)]
    assert (lost["level"], lost["event"], lost["lines"]) == (
        "warning",
        "log lines lost",
        2000 - len(first),
    )
    assert after["event"] == "after"


def test_a_line_that_was_cut_spoils_no_other(pipe):
    log = structlog.get_logger()
    log.info("long", text="x" * 3 * SIZE)
    cut = pipe.read()

    log.info("after")

    empty, lost, after = pipe.read()
    assert len(cut) == 1
    assert empty == ""
    assert json.loads(lost)["lines"] == 1
    assert json.loads(after)["event"] == "after"


def test_a_long_line_is_written_whole_where_there_is_room(pipe):
    fcntl.fcntl(pipe.stream.fileno(), fcntl.F_SETPIPE_SZ, 16 * SIZE)

    structlog.get_logger().info("long", text="ä" * 2 * SIZE)

    (line,) = pipe.read()
    assert json.loads(line)["text"] == "ä" * 2 * SIZE


def test_the_loss_is_told_on_terminals_as_well():
    pipe = Pipe(LogFormat.CONSOLE)
    log = structlog.get_logger()
    for _ in range(1000):
        log.info("line")
    pipe.read()
    log.info("after")

    assert "log lines lost" in pipe.read()[-2]
    pipe.close()


class Full(io.StringIO):
    """A stream on a full disk, without a file descriptor."""

    is_full = True

    def write(self, text: str) -> int:
        if self.is_full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return super().write(text)


def test_a_full_disk_costs_lines_and_nothing_else(capsys):
    stream = Full()
    configure(LogFormat.JSON, stream=stream)

    structlog.get_logger().info("lost")
    logging.getLogger("grpc").warning("lost")
    stream.is_full = False
    structlog.get_logger().info("written")

    found: list[dict[str, Any]] = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [(line["event"], line.get("lines")) for line in found] == [
        ("log lines lost", 2),
        ("written", None),
    ]
    assert capsys.readouterr().err == ""
