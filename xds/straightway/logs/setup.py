"""Logs: lines for people on a terminal, JSON lines for machines, always to stderr.

Every JSON line has ``timestamp`` (UTC, ISO 8601 with microseconds), ``level`` (``debug``, ``info``,
``warning``, ``error`` or ``critical``), ``event`` (what happened, in constant words) and the
details of the event under their own keys. ``logger`` names the library that a line comes from, if
it is not Straightway; ``exception`` holds a traceback as one string.

A line that cannot be written at once (a full disk, a pipe that nobody reads, a stopped terminal) is
lost, and nothing else: serving does not depend on the log. How many were lost is logged later.
"""

from __future__ import annotations

import logging
import sys
from enum import StrEnum
from typing import Any, TextIO, cast

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from straightway.logs.lossy import LossyStream


class LogFormat(StrEnum):
    """How log lines look. AUTO is CONSOLE on a terminal and JSON anywhere else."""

    AUTO = "auto"
    CONSOLE = "console"
    JSON = "json"


class LogLevel(StrEnum):
    """The least severe lines that are written."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


def configure(
    format: LogFormat = LogFormat.AUTO,  # noqa: A002  # the option's name
    level: LogLevel = LogLevel.INFO,
    stream: TextIO | None = None,
) -> None:
    """Send structlog's and the standard library's logs to ``stream`` (stderr) in one format."""
    stream = stream or sys.stderr
    on_terminal = stream.isatty()
    if format is LogFormat.AUTO:
        format = LogFormat.CONSOLE if on_terminal else LogFormat.JSON  # noqa: A001
    common: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    least = logging.getLevelNamesMapping()[level.upper()]
    renderers = _renderers(format, colors=on_terminal)

    def lost(lines: int) -> str:
        line: Any = {"event": "log lines lost", "lines": lines}
        for process in (*common, *renderers):
            line = process(None, "warning", line)
        return f"{line}\n"

    stream = cast("TextIO", LossyStream(stream, lost))
    structlog.configure(
        processors=[*common, *renderers],
        wrapper_class=structlog.make_filtering_bound_logger(least),
        logger_factory=structlog.WriteLoggerFactory(file=stream),
    )
    _take_over_standard_logging(stream, least, common, renderers)


def _renderers(format: LogFormat, *, colors: bool) -> list[Processor]:  # noqa: A002
    if format is LogFormat.CONSOLE:
        plain = structlog.dev.plain_traceback
        # In order of insertion: what matters most comes first.
        return [
            structlog.dev.ConsoleRenderer(
                colors=colors, exception_formatter=plain, sort_keys=False, pad_event_to=0
            )
        ]
    return [
        structlog.processors.format_exc_info,
        _put_first_what_is_always_there,
        structlog.processors.JSONRenderer(ensure_ascii=False),
    ]


def _put_first_what_is_always_there(_: WrappedLogger, __: str, line: EventDict) -> EventDict:
    first = {key: line[key] for key in ("timestamp", "level", "event")}
    return {**first, **line}


def _take_over_standard_logging(
    stream: TextIO, least: int, common: list[Processor], renderers: list[Processor]
) -> None:
    """Give the log lines of libraries, such as grpc.aio, the same form as ours."""
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.add_logger_name, *common],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderers],
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    # Libraries log their internals at INFO; trouble starts at WARNING.
    root.setLevel(max(least, logging.WARNING))
