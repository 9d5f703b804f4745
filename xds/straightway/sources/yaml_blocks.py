"""Reads ordinary YAML line by line.

libyaml's events cost several microseconds a line, mostly for unused Python objects. A document in
block style with one-line scalars needs none of them: its lines consist of an indentation, perhaps a
dash, a key and a scalar. Most lines occur again and again, so parsed lines are cached.

This reader must never be wrong, but need not read everything: it leaves a document to libyaml
unless its meaning is unambiguous. That includes flow style (``[a, b]``), multi-line scalars,
anchors, aliases and tags, escapes, tabs and non-ASCII characters, and every mistake, so that
libyaml reports all mistakes. A property test compares the two.
"""

from __future__ import annotations

import re
import sys
from functools import lru_cache
from typing import Final, NamedTuple

from straightway.sources.yaml_limits import MAX_DEPTH, MAX_VALUES
from straightway.sources.yaml_positions import Positions, Value
from straightway.sources.yaml_scalars import Scalar, key_text, plain_scalar

_MAX_LINE_LENGTH = 256
_REMEMBERED_LINES = 4096

# A word is printable, does not end with a colon, and does not begin with "#", a comment.
_WORD = r"(?:[!\"$-9;-~]|:(?=[!-~]))(?:[!-9;-~]|:(?=[!-~]))*"
_LINE = re.compile(
    rf"""
    (?P<indent>\ *)
    (?:(?P<dash>-)(?P<gap>\ +|$))?
    (?:(?P<key>[A-Za-z0-9_.][A-Za-z0-9_./-]*):(?:\ +|$))?
    (?:
        "(?P<double>[ !#-\[\]-~]*)"
        | '(?P<single>[ -&(-~]*)'
        | (?P<plain>(?=[A-Za-z0-9_/.+~$^(=;]|-[A-Za-z0-9_.]){_WORD}(?:\ +{_WORD})*)
        | (?P<empty>\[\]|\{{\}})
    )?
    (?:(?:(?<=\ )|^)\#[ -~]*|\ *$|\ +\#[ -~]*)
    """,
    re.VERBOSE,
)


class _Line(NamedTuple):
    """What a line says.

    ``indent`` is the column of its dash or else of its key; ``item`` that of what follows the dash,
    0 without a dash. ``has_value`` is false if the value, if any, is on the next lines. ``empty``
    is the value if it is ``[]`` or ``{}``. ``text`` is the scalar as written.
    """

    indent: int
    item: int
    key: str | None
    has_value: bool
    scalar: Scalar
    text: str | None
    empty: str | None


_NOTHING: Final = _Line(0, 0, None, False, None, None, None)


def read_blocks(text: str) -> Positions | None:
    """Return the value of a document, with places; None if libyaml should read it."""
    if not text.isascii() or text.count("\n") > MAX_VALUES:
        return None
    reader = _Reader()
    for number, line in enumerate(text.removesuffix("\n").split("\n")):
        said = _read_line(line) if len(line) <= _MAX_LINE_LENGTH else None
        if said is _NOTHING or (number == 0 and line == "---"):
            continue
        if said is None or not reader.take(number, said):
            return None
    return reader.end()


@lru_cache(_REMEMBERED_LINES)
def _read_line(line: str) -> _Line | None:
    """Return the parsed line: None if it may not be plain, _NOTHING for a comment."""
    match = _LINE.fullmatch(line)
    if match is None:
        return None
    indent, dash, gap, key, double, single, plain, empty = match.groups()
    quoted = single if double is None else double
    has_value = quoted is not None or plain is not None or empty is not None
    if dash is None and key is None:
        return None if has_value else _NOTHING
    if key is not None and (key := _read_key(key)) is None:
        return None
    scalar = plain_scalar(plain) if plain is not None else quoted
    text = None if isinstance(scalar, str) else plain
    item = len(indent) + 1 + len(gap) if dash else 0
    return _Line(len(indent), item, key, has_value, scalar, text, empty)


@lru_cache(_REMEMBERED_LINES)
def _read_key(text: str) -> str | None:
    key = key_text(plain_scalar(text))
    return None if key is None else sys.intern(key)


class _Reader:
    """Assembles a document from its lines.

    The open containers are kept with their columns and their numbers in the positions, innermost
    last. The value of a pending entry is on the next lines, if anywhere: until then, its node is
    the last one, and it holds None.
    """

    __slots__ = ("_columns", "_is_pending", "_key", "_numbers", "_positions", "_values")

    def __init__(self) -> None:
        self._positions = Positions()
        self._columns: list[int] = []
        self._values: list[list[Value] | dict[str, Value]] = []
        self._numbers: list[int] = []
        self._key = ""
        self._is_pending = False

    def take(self, number: int, line: _Line) -> bool:
        """Process the next line; false if its meaning is not plain."""
        if not self._columns:
            if self._positions.count:
                return False
            self._positions.root = self._open(self._positions.add(number), line.indent, line)
        elif self._is_pending and self._is_inside(line):
            self._fill(number, line)
        elif not self._leave(line):
            return False
        if len(self._columns) >= MAX_DEPTH:
            return False
        container = self._values[-1]
        if isinstance(container, list):
            return bool(line.item) and self._add_item(number, line, container)
        return not line.item and self._add_entry(number, line, container)

    def end(self) -> Positions | None:
        """Return the document; None if it holds too much."""
        self._settle()
        while self._columns:
            self._close()
        return self._positions if self._positions.count <= MAX_VALUES else None

    def _is_inside(self, line: _Line) -> bool:
        """Whether the line belongs to the pending entry."""
        column = self._columns[-1]
        # The items of a sequence may start in the column of its key.
        in_line = line.indent == column and line.item > 0 and isinstance(self._values[-1], dict)
        return line.indent > column or in_line

    def _fill(self, number: int, line: _Line) -> None:
        """Begin the value of the pending entry."""
        self._is_pending = False
        outer, node = self._values[-1], self._positions.count - 1
        value = self._open(node, line.indent, line)
        if isinstance(outer, list):
            outer[-1] = value
            self._positions.move(node, number)
        else:
            outer[self._key] = value

    def _leave(self, line: _Line) -> bool:
        """Close what ends before a line; false if the line is in no container's column."""
        self._settle()
        columns, indent = self._columns, line.indent
        while columns and columns[-1] > indent:
            self._close()
        if columns and not line.item and isinstance(self._values[-1], list):
            self._close()
        return bool(columns) and columns[-1] == indent

    def _add_item(self, number: int, line: _Line, items: list[Value]) -> bool:
        node = self._positions.add(number)
        if line.key is None:
            items.append(self._value(node, line))
            return True
        entries: dict[str, Value] = {}
        items.append(entries)
        self._push(node, line.item, entries)
        return self._add_entry(number, line, entries)

    def _add_entry(self, number: int, line: _Line, entries: dict[str, Value]) -> bool:
        key = line.key
        if key is None or key in entries:
            return False
        self._key = key
        entries[key] = self._value(self._positions.add(number), line)
        return True

    def _value(self, node: int, line: _Line) -> Value:
        """Return the value on a line; None, with the entry pending, if there is none."""
        if line.empty is not None:
            self._positions.close(self._positions.open(node))
            return [] if line.empty == "[]" else {}
        if not line.has_value:
            self._is_pending = True
        elif line.text is not None:
            self._positions.write(node, line.scalar, line.text)
        return line.scalar

    def _settle(self) -> None:
        """Leave the pending entry, if any, without a value."""
        if self._is_pending:
            self._is_pending = False
            self._positions.write(self._positions.count - 1, None, "")

    def _open(self, node: int, column: int, line: _Line) -> Value:
        value: list[Value] | dict[str, Value] = [] if line.item else {}
        self._push(node, column, value)
        return value

    def _push(self, node: int, column: int, value: list[Value] | dict[str, Value]) -> None:
        self._columns.append(column)
        self._values.append(value)
        self._numbers.append(self._positions.open(node))

    def _close(self) -> None:
        self._columns.pop()
        self._values.pop()
        self._positions.close(self._numbers.pop())
