"""How much one object may hold, measured on plain data before anything else looks at it.

Every later step costs time and memory in proportion to what an object holds, and YAML aliases let a
small file hold a lot. So the limits are those of etcd, where such objects are stored: it accepts
requests of 1.5 MiB, and an object that no cluster could store need not be served.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

MOST_TEXT: Final = 1_536 * 1_024
"""Characters of all keys and strings: etcd accepts as many bytes (``--max-request-bytes``)."""
MOST_VALUES: Final = 100_000
"""Values of all lists and mappings. A VirtualService with 5,000 routes of 20 values has as many."""
DEEPEST: Final = 64
"""Levels of nesting. No kind has more than 20."""

_SCALARS = frozenset({bool, float, int, type(None)})


def excess(body: object) -> str | None:
    """Return a message if the object holds too much, or None.

    Aliases count wherever they are used. The cost is bounded by the limits for any input, even data
    that contains itself.
    """
    level = [body]
    values = text = 0
    for _ in range(DEEPEST):
        below: list[object] = []
        for each in level:
            container = _container(each)
            values += len(container)
            if values > MOST_VALUES:
                return _too_much(f"{MOST_VALUES:,} values")
            text += _measure(container, below)
            if type(container) is dict or isinstance(container, Mapping):
                text += _measure(container.values(), below)
            if text > MOST_TEXT:
                return _too_much(f"{MOST_TEXT:,} characters of text")
        if not below:
            return None
        level = below
    return f"This object is nested more than {DEEPEST} levels deep, which no field needs."


def _container(value: object) -> Collection[object]:
    """Return a list or mapping as it is; anything else holds nothing."""
    kind = type(value)
    if kind is dict or kind is list or isinstance(value, Mapping | list | tuple | set):
        return value  # type: ignore[return-value]  # The quick checks come first.
    return ()


def _measure(parts: Collection[object], below: list[object]) -> int:
    """Return the length of the strings, and collect the other containers."""
    text = 0
    for part in parts:
        kind = type(part)
        if kind is str:
            text += len(part)  # type: ignore[arg-type]
        elif kind not in _SCALARS:
            below.append(part)
    return text


def _too_much(limit: str) -> str:
    return (
        f"This object holds more than {limit}, counting an alias wherever it is used: split it "
        "into several objects."
    )
