"""Reads a response of HTTP/1.1 (RFC 9112) out of the bytes that arrive; no I/O.

It is as strict as llhttp and h11: whatever two readers could understand differently is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

MOST_HEAD: Final = 32 * 1024
"""The longest head of a response, in bytes."""
MOST_FIELDS: Final = 100
_MOST_INTERIM: Final = 10
_MOST_LINE: Final = 4 * 1024

_STATUS: Final = re.compile(rb"HTTP/1\.([01]) ([1-9][0-9]{2})(?: [\t\x20-\x7e\x80-\xff]*)?")
_FIELD: Final = re.compile(
    rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):"
    rb"[\t ]*((?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)[\t ]*"
)
_LENGTH: Final = re.compile(r"[0-9]{1,15}")
_CHUNK: Final = re.compile(rb"([0-9A-Fa-f]{1,12})[\t ]*(?:;[\t\x20-\x7e\x80-\xff]*)?")


class Response(NamedTuple):
    """A whole response. Names of headers are in lower case; repeated ones are joined by commas."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class MalformedError(Exception):
    """What arrives is no response that has one meaning, or exceeds a limit."""


class ResponseReader:
    """Reads one response whose body has at most ``most`` bytes.

    Feed what arrives until there is a response, or until the peer has closed: then :meth:`end`.
    Both raise MalformedError.
    """

    __slots__ = ("_buffer", "_interim", "_keeps_alive", "_most", "_next", "_parts", "_size", "_top")

    def __init__(self, most: int) -> None:
        self._most = most
        self._buffer = bytearray()
        self._next: Callable[[], bool] | None = self._head
        self._top: tuple[int, dict[str, str]] | None = None
        self._parts: list[bytes] = []
        self._size = 0
        self._interim = 0
        self._keeps_alive = False

    @property
    def keeps_alive(self) -> bool:
        """Whether the connection may be used again once there is a response."""
        return self._keeps_alive and not self._buffer

    @property
    def buffered(self) -> int:
        """How many bytes are held."""
        return len(self._buffer) + self._size

    def feed(self, data: bytes) -> Response | None:
        """Take in what has arrived; return the response if that completes it."""
        self._buffer += data
        while self._next is not None:
            if not self._next():
                return None
        return self._response()

    def end(self) -> Response:
        """Take in that the peer has closed, which is how some bodies end."""
        if self._next != self._until_close:
            begun = self._top is not None or self._buffer
            raise MalformedError(f"the connection was closed {'within' if begun else 'before'} it")
        self._part(len(self._buffer))
        return self._response()

    def _response(self) -> Response:
        assert self._top is not None
        status, headers = self._top
        body = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
        return Response(status, headers, body)

    # --- Steps: each returns whether it is done, and needs no more bytes ---

    def _head(self) -> bool:
        end = self._buffer.find(b"\r\n\r\n", 0, MOST_HEAD)
        if end < 0:
            if len(self._buffer) >= MOST_HEAD:
                raise MalformedError(f"its head exceeds {MOST_HEAD} bytes")
            if not b"HTTP/1.".startswith(self._buffer[:7]):
                raise MalformedError("it is not HTTP/1.1")
            return False
        status_line, *lines = bytes(self._buffer[:end]).split(b"\r\n")
        del self._buffer[: end + 4]
        is_1_1, status = _status(status_line)
        headers = _headers(lines)
        if status < 200:
            self._interim += 1
            if status == 101 or self._interim > _MOST_INTERIM:
                raise MalformedError(f"status {status} was not asked for")
            return True
        self._top = (status, headers)
        tokens = {each.strip() for each in headers.get("connection", "").lower().split(",")}
        self._keeps_alive = "close" not in tokens and (is_1_1 or "keep-alive" in tokens)
        self._next = self._framing(status, headers, is_1_1=is_1_1)
        return True

    def _framing(
        self, status: int, headers: Mapping[str, str], *, is_1_1: bool
    ) -> Callable[[], bool] | None:
        """Return what reads the body (RFC 9112, 6.3); None: there is none."""
        coding, length = headers.get("transfer-encoding"), headers.get("content-length")
        if coding is not None and (length is not None or not is_1_1 or coding.lower() != "chunked"):
            raise MalformedError("its length is ambiguous")
        if status in (204, 304):
            return None
        if coding is not None:
            return self._chunk_size
        if length is None:
            self._keeps_alive = False
            return self._until_close
        need = _length(length)
        self._check(need)
        return self._exactly(need, then=None)

    def _exactly(self, need: int, then: Callable[[], bool] | None) -> Callable[[], bool]:
        def read() -> bool:
            if len(self._buffer) < need:
                return False
            self._part(need)
            self._next = then
            return True

        return read

    def _until_close(self) -> bool:
        self._check(len(self._buffer))
        return False

    def _chunk_size(self) -> bool:
        line = self._line()
        if line is None:
            return False
        found = _CHUNK.fullmatch(line)
        if found is None:
            raise MalformedError("a chunk has no valid size")
        size = int(found[1], 16)
        self._check(size)
        self._next = self._exactly(size, then=self._chunk_end) if size else self._trailer
        return True

    def _chunk_end(self) -> bool:
        if len(self._buffer) < 2:
            return False
        if self._buffer[:2] != b"\r\n":
            raise MalformedError("a chunk is longer than its size")
        del self._buffer[:2]
        self._next = self._chunk_size
        return True

    def _trailer(self) -> bool:
        """Leave out what follows the last chunk."""
        line = self._line()
        if line is None:
            return False
        self._interim += 1
        if self._interim > MOST_FIELDS or (line and _FIELD.fullmatch(line) is None):
            raise MalformedError("its trailer is not valid")
        if not line:
            self._next = None
        return True

    def _line(self) -> bytes | None:
        end = self._buffer.find(b"\r\n", 0, _MOST_LINE)
        if end < 0:
            if len(self._buffer) >= _MOST_LINE:
                raise MalformedError("a line is too long")
            return None
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 2]
        return line

    def _part(self, size: int) -> None:
        if size == len(self._buffer):
            part, self._buffer = bytes(self._buffer), bytearray()
        else:
            part = bytes(self._buffer[:size])
            del self._buffer[:size]
        self._parts.append(part)
        self._size += size

    def _check(self, further: int) -> None:
        if self._size + further > self._most:
            raise MalformedError(f"it exceeds {self._most:,} bytes")


def _status(line: bytes) -> tuple[bool, int]:
    found = _STATUS.fullmatch(line)
    if found is None:
        raise MalformedError("it is not HTTP/1.1")
    return found[1] == b"1", int(found[2])


def _headers(lines: list[bytes]) -> dict[str, str]:
    if len(lines) > MOST_FIELDS:
        raise MalformedError(f"it has more than {MOST_FIELDS} headers")
    headers: dict[str, str] = {}
    for line in lines:
        found = _FIELD.fullmatch(line)
        if found is None:
            raise MalformedError("a header is not valid")
        name, value = found[1].decode("ascii").lower(), found[2].decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def _length(text: str) -> int:
    lengths = {each.strip() for each in text.split(",")}
    if len(lengths) != 1 or _LENGTH.fullmatch(length := lengths.pop()) is None:
        raise MalformedError("its length is not valid")
    return int(length)
