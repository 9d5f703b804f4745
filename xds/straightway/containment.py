"""Parts beside the way of the data, of which none ends the control plane by a mistake of ours."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final

import structlog

from straightway.sources.backoff import Backoff

_log = structlog.get_logger()

LONGEST_PAUSE: Final = 60.0
"""The longest pause before a part begins anew, in seconds."""


async def contained(
    part: str,
    run: Callable[[], Coroutine[Any, Any, None]],
    *,
    unless: tuple[type[Exception], ...] = (),
) -> None:
    """Run a part until it ends or is cancelled. After a mistake of ours, it begins anew.

    A mistake is logged with its cause, and the pause after it doubles each time, until the part has
    run for long. What is in ``unless`` is raised: it is for users.
    """
    clock = asyncio.get_running_loop().time
    backoff = Backoff(first=1.0, limit=LONGEST_PAUSE)
    while True:
        started = clock()
        try:
            return await run()
        except unless:
            raise
        except Exception:  # noqa: BLE001 (the edge of our own code: logged with its cause)
            _log.exception("internal error, a part of the control plane begins anew", part=part)
        if clock() - started > LONGEST_PAUSE:
            backoff.succeeded()
        await asyncio.sleep(backoff.failed())
