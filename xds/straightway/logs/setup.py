"""Logs: lines for people on a terminal, JSON lines for machines, always to stderr.

Every JSON line has ``timestamp`` (UTC, ISO 8601 with microseconds), ``level`` (``debug``, ``info``,
``warning``, ``error`` or ``critical``), ``event`` (what happened, in constant words) and the
details of the event under their own keys. ``logger`` names the library that a line comes from, if
it is not Straightway; ``exception`` holds a traceback as one string.

A line that cannot be written (a full disk, a pipe that nobody reads any more) is lost, and nothing
else: serving does not depend on the log.
"""

from __future__ import annotations

import io
import logging
import sys
from contextlib import suppress
from enum import StrEnum
from typing import TextIO, cast

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger


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
    stream = cast("TextIO", _Dropping(stream))
    if format is LogFormat.AUTO:
        format = LogFormat.CONSOLE if on_terminal else LogFormat.JSON  # noqa: A001
    common: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    least = logging.getLevelNamesMapping()[level.upper()]
    renderers = _renderers(format, colors=on_terminal)
    structlog.configure(
        processors=[*common, *renderers],
        wrapper_class=structlog.make_filtering_bound_logger(least),
        logger_factory=structlog.WriteLoggerFactory(file=stream),
    )
    _take_over_standard_logging(stream, least, common, renderers)


class _Dropping(io.TextIOBase):
    """Writes to a stream, and drops what the system does not allow to be written."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError):
            self._stream.flush()


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
