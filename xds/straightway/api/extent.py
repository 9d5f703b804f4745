"""How much one object may hold, measured on plain data before anything else looks at it.

Every later step costs time and memory in proportion to what an object holds, and YAML aliases let
a small file hold a lot. So the bounds are those of the place where such objects live: etcd takes
requests of 1.5 MiB, and an object that no cluster could store need not be served.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sized
from typing import Final

MOST_TEXT: Final = 1_536 * 1_024
"""Bytes of all keys and texts in UTF-8: etcd's limit for one request (``--max-request-bytes``)."""
MOST_VALUES: Final = 100_000
"""Values of all lists and mappings. A VirtualService with 5,000 routes of 20 values has as many."""
DEEPEST: Final = 64
"""Levels of nesting. No kind has more than 20."""

_SCALARS = frozenset({bool, float, int, type(None)})


def excess(body: object) -> str | None:
    """Return what the object holds too much of, as a message; None if it is small enough.

    Aliases count wherever they stand. The cost is bounded by the limits, whatever is given, even
    data that contains itself.
    """
    level: list[object] = [body]
    values = text = 0
    for _ in range(DEEPEST):
        below: list[object] = []
        for container in level:
            values += len(container) if isinstance(container, Sized) else 0
            if values > MOST_VALUES:
                return _too_much(f"{MOST_VALUES:,} values")
            for part in _parts(container):
                if type(part) is str:
                    text += _size(part)
                elif type(part) not in _SCALARS:
                    below.append(part)
            if text > MOST_TEXT:
                return _too_much(f"{MOST_TEXT // 1_024:,} KiB of text")
        if not below:
            return None
        level = below
    return f"This object is nested more than {DEEPEST} levels deep, which no field needs."


def _too_much(limit: str) -> str:
    return (
        f"This object holds more than {limit}, counting an alias wherever it is used: split it "
        "into several objects."
    )


def _parts(container: object) -> Iterable[object]:
    """Return keys and values, or items; nothing for what is no list or mapping."""
    if isinstance(container, Mapping):
        return (*container, *container.values())
    return container if isinstance(container, list | tuple | set) else ()


def _size(text: str) -> int:
    """Return a text's bytes in UTF-8; for one that is too long anyway, its characters."""
    if text.isascii() or len(text) > MOST_TEXT:
        return len(text)
    return len(text.encode("utf-8", "surrogatepass"))
