"""The parts of the protobuf wire format from which responses are assembled.

Resources are encoded once and then copied unchanged into many responses, so responses are assembled
by hand instead of being built as messages and serialised for every client. See
https://protobuf.dev/programming-guides/encoding/.
"""

from __future__ import annotations

from functools import lru_cache

_LENGTH_DELIMITED = 2


@lru_cache(maxsize=4096)
def field_head(number: int, length: int) -> bytes:
    """Return the prefix of a length-delimited field's content: its tag and ``length``."""
    return _varint(number << 3 | _LENGTH_DELIMITED) + _varint(length)


def field(number: int, content: str | bytes) -> bytes:
    """Return a whole string, bytes or message field; empty if ``content`` is empty.

    As in proto3, where an empty string is the default and is not written.
    """
    data = content.encode() if isinstance(content, str) else content
    return field_head(number, len(data)) + data if data else b""


def _varint(value: int) -> bytes:
    if value < 0x80:
        return bytes((value,))
    parts = bytearray()
    while value >= 0x80:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    parts.append(value)
    return bytes(parts)
