"""What divides a watch's bytes into its messages, wherever chunks end."""

from __future__ import annotations

from typing import Protocol

MAX_MESSAGE = 32 * 2**20
"""An object has at most 1.5 MiB in etcd, and somewhat more as JSON."""
_HEADER = 4
"""Bytes before each frame: its length, big-endian."""


class TooLongError(ValueError):
    """A message exceeds :data:`MAX_MESSAGE` bytes."""


class Framing(Protocol):
    """Divides chunks of bytes into messages."""

    def feed(self, chunk: bytes) -> list[bytes]:
        """Return the messages that a chunk completes, without empty ones.

        Raises TooLongError: if a message exceeds the limit.
        """


class Lines:
    """Divides JSON: a line for each message."""

    def __init__(self, most: int = MAX_MESSAGE) -> None:
        self._most = most
        self._rest: list[bytes] = []
        self._length = 0

    def feed(self, chunk: bytes) -> list[bytes]:
        """Return the lines that a chunk completes, without line ends and empty lines."""
        *complete, rest = chunk.split(b"\n")
        if complete and self._rest:
            complete[0] = b"".join((*self._rest, complete[0]))
            self._rest, self._length = [], 0
        if rest:
            self._rest.append(rest)
            self._length += len(rest)
        if self._length > self._most:
            raise TooLongError(f"a line exceeds {self._most:,} bytes")
        return [line for line in complete if line]


class Frames:
    """Divides protobuf: the length of each message comes before it."""

    def __init__(self, most: int = MAX_MESSAGE) -> None:
        self._most = most
        self._rest: list[bytes] = []
        self._length = 0
        self._wanted = _HEADER

    def feed(self, chunk: bytes) -> list[bytes]:
        """Return the messages that a chunk completes, without their lengths and empty ones."""
        self._rest.append(chunk)
        self._length += len(chunk)
        if self._length < self._wanted:
            return []
        data = b"".join(self._rest)
        complete, start, end = [], 0, self._end(data, 0)
        while end <= len(data):
            if end > start + _HEADER:
                complete.append(data[start + _HEADER : end])
            start, end = end, self._end(data, end)
        self._rest, self._length, self._wanted = [data[start:]], len(data) - start, end - start
        return complete

    def _end(self, data: bytes, start: int) -> int:
        """Return where a message ends, or its length if that has not come."""
        begin = start + _HEADER
        if begin > len(data):
            return begin
        size = int.from_bytes(data[start:begin], "big")
        if size > self._most:
            raise TooLongError(f"a message of {size:,} bytes exceeds {self._most:,} bytes")
        return begin + size
