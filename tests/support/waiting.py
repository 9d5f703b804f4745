"""Wait for what must come to hold, instead of sleeping and hoping."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

DEADLINE = 15.0
"""Seconds that a condition gets; generous, because only a failing test waits for so long."""

_PAUSE = 0.01


def eventually(condition: Callable[[], T], *, what: str = "", seconds: float = DEADLINE) -> T:
    """Return the condition's value as soon as it is true; fail after so many `seconds`.

    An AssertionError or OSError that the condition raises means "not yet", so that it may be
    written with plain asserts; the last of them is the cause of the failure.
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
    """Do the same without holding up the event loop that makes the condition true."""
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
