"""Lines of a stream whose chunks end anywhere."""

from __future__ import annotations

MAX_LINE = 32 * 2**20
"""An object has at most 1.5 MiB in etcd, and somewhat more as JSON."""


class LineTooLongError(ValueError):
    """A line exceeds :data:`MAX_LINE` bytes."""


class Lines:
    """Divides chunks of bytes into lines."""

    def __init__(self, max_line: int = MAX_LINE) -> None:
        self._max_line = max_line
        self._rest: list[bytes] = []
        self._length = 0

    def feed(self, chunk: bytes) -> list[bytes]:
        """Return the lines that a chunk completes, without line ends and empty lines.

        Raises LineTooLongError: if a line exceeds the limit.
        """
        *complete, rest = chunk.split(b"\n")
        if complete and self._rest:
            complete[0] = b"".join((*self._rest, complete[0]))
            self._rest, self._length = [], 0
        if rest:
            self._rest.append(rest)
            self._length += len(rest)
        if self._length > self._max_line:
            raise LineTooLongError(f"a line exceeds {self._max_line:,} bytes")
        return [line for line in complete if line]
