"""Work in steps: other things may be done between two of them.

A stage that may have much to do at once is a generator: it yields after every piece of work, and
returns its result. An event loop takes a few steps at a time; a command takes all of them at once.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeAlias, TypeVar

T = TypeVar("T")

Steps: TypeAlias = Generator[None, None, T]
"""Work that yields between its steps, each far shorter than a millisecond, and returns a result."""


def at_once(steps: Generator[object, None, T]) -> T:
    """Take all steps and return the result."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            result: T = end.value
            return result
