"""Logs: the format of log lines, and the lines themselves.

``setup`` configures structlog; ``changes``, ``problems``, ``streams`` and ``pushes`` write what
happens. They only listen: nothing depends on a line being written.
"""

from straightway.logs.setup import LogFormat, LogLevel, configure

__all__ = ["LogFormat", "LogLevel", "configure"]
