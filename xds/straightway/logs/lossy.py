"""A stream that loses lines rather than time: nothing that serves may wait for the log's reader.

A terminal stopped with Ctrl-S, or a program that no longer reads its pipe, would stop the event
loop with the next line; a full disk would raise in the middle of something else.
"""

from __future__ import annotations

import io
import os
import select
from collections.abc import Callable
from contextlib import suppress
from typing import Final, TextIO

_PIECE: Final = 4096
"""How much a pipe that is ready certainly takes, in bytes (PIPE_BUF)."""


class LossyStream(io.TextIOBase):
    """Writes lines to a stream, without buffering, for as long as that takes them at once.

    ``tell`` returns the line that says how many were lost; it is written when lines are taken
    again. A stream without a file descriptor never has to be waited for.
    """

    def __init__(self, stream: TextIO, tell: Callable[[int], str]) -> None:
        self._stream = stream
        self._tell = tell
        self._lost = 0
        self._is_torn = False
        self._ready = select.poll()
        self._descriptor: int | None = None
        with suppress(OSError):
            self._descriptor = stream.fileno()
            self._ready.register(self._descriptor, select.POLLOUT)

    def write(self, text: str) -> int:
        """Write a line, or lose it."""
        if self._lost and self._write(self._tell(self._lost)):
            self._lost = 0
        if self._lost or not self._write(text):
            self._lost += 1
        return len(text)

    def _write(self, text: str) -> bool:
        """Return whether all of the text was written."""
        try:
            if self._descriptor is None:
                self._stream.write(text)
                return True
            return self._write_at_once(self._descriptor, text.encode(errors="backslashreplace"))
        except OSError:
            return False

    def _write_at_once(self, descriptor: int, rest: bytes) -> bool:
        if self._is_torn:
            rest = b"\n" + rest
        whole = len(rest)
        while rest and self._ready.poll(0):
            rest = rest[os.write(descriptor, rest[:_PIECE]) :]
            self._is_torn = 0 < len(rest) < whole
        return not rest
