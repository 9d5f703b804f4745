"""Mistakes of our own: logged with their cause, and counted."""

from __future__ import annotations

import structlog

_log = structlog.get_logger()


class Mistakes:
    """Counts what our own code has failed at and what was contained."""

    def __init__(self) -> None:
        self.count = 0

    def tell(self, event: str, **of: str) -> None:
        """Log the exception that is being handled, and what it is about."""
        self.count += 1
        _log.exception(event, **of)
