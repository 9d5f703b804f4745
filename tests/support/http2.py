"""A request over HTTP/2 without TLS: frame by frame (RFC 9113), its headers in plain (RFC 7541)."""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from typing import Any

from tests.support.waiting import DEADLINE

_DATA, _HEADERS, _SETTINGS = 0, 1, 4
_END_STREAM, _END_HEADERS = 1, 4


def post_json(port: int, path: str, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
    """Send a request whose body comes in several frames; return the answer's JSON."""
    fields = {":method": "POST", ":scheme": "http", ":path": path, **headers}
    block = b"".join(b"\0" + _text(name) + _text(value) for name, value in fields.items())
    half = len(body) // 2
    with socket.create_connection(("127.0.0.1", port), timeout=DEADLINE) as connection:
        connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + _frame(_SETTINGS, 0, 0, b""))
        connection.sendall(_frame(_HEADERS, _END_HEADERS, 1, block))
        connection.sendall(_frame(_DATA, 0, 1, body[:half]))
        connection.sendall(_frame(_DATA, _END_STREAM, 1, body[half:]))
        answer: dict[str, Any] = json.loads(_answer(connection))
    return answer


def _answer(connection: socket.socket) -> bytes:
    content = b""
    with connection.makefile("rb") as stream:
        while True:
            head = stream.read(9)
            payload = stream.read(int.from_bytes(head[:3], "big"))
            if head[3] == _DATA:
                content += payload
                if head[4] & _END_STREAM:
                    return content


def _text(text: str) -> bytes:
    assert len(text) < 127, "longer ones are encoded in another way"
    return bytes([len(text)]) + text.encode()


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    head = len(payload).to_bytes(3, "big") + bytes([kind, flags])
    return head + stream.to_bytes(4, "big") + payload
