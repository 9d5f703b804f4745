"""Wait for conditions instead of sleeping."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

DEADLINE = 15.0
"""Seconds to wait for a condition; generous, because only a failing test takes that long."""

_PAUSE = 0.01


def eventually(condition: Callable[[], T], *, what: str = "", seconds: float = DEADLINE) -> T:
    """Return the condition's value as soon as it is true; fail after `seconds`.

    An AssertionError or OSError in the condition means "not yet", so that it can use plain asserts;
    the last one is the cause of the failure.
    """
    deadline = time.monotonic() + seconds
    while True:
        value, error = _attempt(condition)
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(_failure(value, what, seconds)) from error
        time.sleep(_PAUSE)


async def eventually_async(
    condition: Callable[[], T], *, what: str = "", seconds: float = DEADLINE
) -> T:
    """Do the same without blocking the event loop."""
    deadline = time.monotonic() + seconds
    while True:
        value, error = _attempt(condition)
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(_failure(value, what, seconds)) from error
        await asyncio.sleep(_PAUSE)


def _attempt(condition: Callable[[], T]) -> tuple[T | None, Exception | None]:
    try:
        return condition(), None
    except (AssertionError, OSError) as error:
        return None, error


def _failure(value: object, what: str, seconds: float) -> str:
    return f"not within {seconds:g} s: {what or 'the condition'} (last value: {value!r})"
