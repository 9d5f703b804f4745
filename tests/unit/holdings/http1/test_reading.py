"""Responses of HTTP/1.1, however they arrive, and what is no response."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from straightway.holdings.http1.reading import (
    MOST_FIELDS,
    MOST_HEAD,
    MalformedError,
    Response,
    ResponseReader,
)

MOST = 1000


def read(*pieces: bytes, closed: bool = False) -> tuple[Response | None, bool]:
    """Return the response of what arrives, and whether the connection may be used again."""
    reader = ResponseReader(MOST)
    response = None
    for piece in pieces:
        assert response is None, "there is a response before everything has arrived"
        response = reader.feed(piece)
    if closed:
        response = reader.end()
    return response, reader.keeps_alive


def response(headers: str, body: str = "", status: str = "HTTP/1.1 200 OK") -> bytes:
    lines = "".join(f"{line}\r\n" for line in headers.splitlines())
    return f"{status}\r\n{lines}\r\n{body}".encode("latin-1")


def test_a_body_with_a_length():
    found, keeps_alive = read(response("Content-Length: 5\nX: 1\nx:\t2 \n", "hello"))
    assert found == Response(200, {"content-length": "5", "x": "1, 2"}, b"hello")
    assert keeps_alive


def test_a_body_in_chunks():
    body = "5\r\nhello\r\n6;a=b\r\n world\r\n0\r\nTrailer: x\r\n\r\n"
    found, keeps_alive = read(response("Transfer-Encoding: Chunked", body))
    assert found is not None
    assert (found.body, keeps_alive) == (b"hello world", True)


def test_a_body_until_the_end():
    found, keeps_alive = read(response("X: 1", "hello"), b" world", closed=True)
    assert found is not None
    assert (found.body, keeps_alive) == (b"hello world", False)


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified"])
def test_some_statuses_have_no_body(status):
    found, keeps_alive = read(response("Content-Length: 5", status=f"HTTP/1.1 {status}"))
    assert found is not None
    assert (found.body, keeps_alive) == (b"", True)


def test_interim_responses_are_passed_over():
    interim = response("", status="HTTP/1.1 103 Early Hints")
    found, _ = read(interim, interim + response("Content-Length: 0"))
    assert found is not None
    assert found.status == 200


@pytest.mark.parametrize(
    ("status", "headers", "keeps"),
    [
        ("HTTP/1.1 200 OK", "", True),
        ("HTTP/1.1 200", "", True),
        ("HTTP/1.1 200 OK", "Connection: x, Close", False),
        ("HTTP/1.0 200 OK", "", False),
        ("HTTP/1.0 200 OK", "Connection: Keep-Alive", True),
    ],
)
def test_a_connection_is_used_again_if_the_peer_agrees(status, headers, keeps):
    _, keeps_alive = read(response(f"{headers}\nContent-Length: 0".strip(), status=status))
    assert keeps_alive is keeps


def test_a_connection_with_more_than_the_response_is_not_used_again():
    found, keeps_alive = read(response("Content-Length: 1", "ab"))
    assert found is not None
    assert (found.body, keeps_alive) == (b"a", False)


@pytest.mark.parametrize(
    "data",
    [
        b"SSH-2.0-OpenSSH\r\n",
        b"\x15\x03\x01\x00\x02\x02\x16",
        b"HTTP/2.0 200 OK\r\n\r\n",
        b"HTTP/1.1 20 OK\r\n\r\n",
        b"HTTP/1.1  200 OK\r\n\r\n",
        response("", status="HTTP/1.1 101 Switching Protocols"),
        response("Content-Length : 1", "a"),
        response("A: 1\n b", "a"),
        response("A: \x00\nContent-Length: 1", "a"),
        b"HTTP/1.1 200 OK\r\nA: 1\nContent-Length: 1\r\n\r\na",
        response("Content-Length: -1"),
        response("Content-Length: +1", "a"),
        response("Content-Length: 1_0", "a" * 10),
        response("Content-Length: 0x1", "a"),
        response("Content-Length: 1\nContent-Length: 2", "ab"),
        response("Content-Length: 1\nTransfer-Encoding: chunked", "0\r\n\r\n"),
        response("Transfer-Encoding: gzip, chunked", "0\r\n\r\n"),
        response("Transfer-Encoding: chunked", "0\r\n\r\n", status="HTTP/1.0 200 OK"),
        response("Transfer-Encoding: chunked", "x\r\n"),
        response("Transfer-Encoding: chunked", "-1\r\n"),
        response("Transfer-Encoding: chunked", "1\r\nab\r\n"),
        response("Transfer-Encoding: chunked", "0\r\nnot a header\r\n\r\n"),
    ],
)
def test_what_has_no_single_meaning_is_refused(data):
    with pytest.raises(MalformedError):
        read(data)


@pytest.mark.parametrize(
    "data",
    [
        response(f"Content-Length: {MOST + 1}"),
        response("Content-Length: 9999999999999999"),
        response("X: 1", "a" * (MOST + 1)),
        response("Transfer-Encoding: chunked", f"{MOST + 1:x}\r\n"),
        response("Transfer-Encoding: chunked", "1f4\r\n" + "a" * 500 + "\r\n1f5\r\n"),
        response("Transfer-Encoding: chunked", "fffffffffffffffff\r\n"),
        response("Transfer-Encoding: chunked", "1;" + "a" * 5000),
        b"HTTP/1.1 200 OK\r\nA: " + b"a" * MOST_HEAD,
        response("A: 1\n" * (MOST_FIELDS + 1)),
        response("Transfer-Encoding: chunked", "0\r\n" + "A: 1\r\n" * (MOST_FIELDS + 2)),
        response("", status="HTTP/1.1 100 Continue") * 20,
    ],
)
def test_what_is_too_large_is_refused_before_it_has_arrived(data):
    with pytest.raises(MalformedError):
        read(data)


@pytest.mark.parametrize(
    "data", [b"", b"HTTP/1.1 200", response("Content-Length: 5", "hell")], ids=repr
)
def test_an_end_before_the_end_is_told(data):
    with pytest.raises(MalformedError, match="closed"):
        read(data, closed=True)


BODIES = st.binary(max_size=60)


@given(BODIES, st.lists(st.integers(1, 20), max_size=30), st.sampled_from(["length", "chunks"]))
def test_how_it_arrives_never_matters(body, sizes, how):
    if how == "length":
        data = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
    else:
        chunks = [body[at : at + 7] for at in range(0, len(body), 7)]
        data = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"".join(
            b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in [*chunks, b""]
        )
    pieces, rest = [], data
    for size in sizes:
        pieces.append(rest[:size])
        rest = rest[size:]
    found, keeps_alive = read(*(piece for piece in [*pieces, rest] if piece))
    assert found is not None
    assert (found.body, keeps_alive) == (body, True)


@given(st.lists(st.binary(min_size=1, max_size=20), max_size=6))
def test_noise_is_read_or_refused(pieces):
    reader = ResponseReader(MOST)
    try:
        for piece in pieces:
            reader.feed(piece)
    except MalformedError:
        pass
