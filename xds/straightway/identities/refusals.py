"""The log of proxies that are refused; they come back several times a second."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable
from typing import Final

import structlog

from straightway.identities.newest import Newest

_log = structlog.get_logger()

EVERY: Final = 60.0
"""After how many seconds the same refusal is logged again."""
_MOST: Final = 1000


class RefusalLog:
    """Logs a refusal at once, and those of the same kind a minute later, as a number."""

    def __init__(self) -> None:
        # By kind: when it was logged, and how often it came since.
        self._logged: Newest[Hashable, tuple[float, int]] = Newest(_MOST)

    def log(self, kind: Hashable, reason: str, **who: str) -> None:
        """Log that a proxy is refused; ``kind`` is what counts as the same."""
        now = asyncio.get_running_loop().time()
        at, more = self._logged.get(kind) or (-EVERY, 0)
        if now - at < EVERY:
            self._logged.put(kind, (at, more + 1))
            return
        counted = {"times_since_last_logged": more} if more else {}
        _log.warning("proxy refused", reason=reason, **who, **counted)
        self._logged.put(kind, (now, 0))
