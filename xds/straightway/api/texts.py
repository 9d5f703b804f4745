"""How values and names are written in messages: short, on one line, and printable.

Messages quote values from user files. Such a value may be a megabyte long, contain line breaks or
terminal escapes, or be a number with more digits than Python prints.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final

LONGEST: Final = 80
"""The longest value or name that a message or a path repeats, in characters."""

_MOST_BITS = 256  # A number of 77 digits; Python refuses to print one of more than 4,300.


def shown(value: object) -> str:
    r"""Return a value in a recognisable form, at most :data:`LONGEST` characters long.

    Unprintable characters become escapes (``\n``, ``\xa0``).
    """
    text = _plain(value)
    if not text.isprintable():
        text = "".join(
            each if each.isprintable() else each.encode("unicode_escape").decode() for each in text
        )
    return clipped(text)


def clipped(text: str, longest: int = LONGEST) -> str:
    """Return the text, truncated with an ellipsis if it is too long."""
    return text if len(text) <= longest else f"{text[: longest - 3]}…"


def quoted(value: object) -> str:
    """Return a value for a message: ``"text"`` in quotes, ``a list`` and ``a mapping`` without."""
    return shown(value) if isinstance(value, Mapping | list | tuple | set) else f'"{shown(value)}"'


def one_of(*words: str) -> str:
    """Return ``a, b or c``."""
    return " or ".join(part for part in (", ".join(words[:-1]), words[-1]) if part)


def _plain(value: object) -> str:
    """Return enough of a value's text, never that of a whole list or mapping."""
    match value:
        case str():
            return value[: LONGEST + 1]
        case bool() | None:
            return {True: "true", False: "false", None: "null"}[value]
        case int() if value.bit_length() > _MOST_BITS:
            return "a very large number"
        case bytes():
            return "binary data"
        case Mapping():
            return "a mapping"
        case list() | tuple() | set():
            return "a list"
        case date():
            return value.isoformat()
        case _:
            return str(value)[: LONGEST + 1]
