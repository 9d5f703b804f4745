"""Calls over connections that are kept: to servers that answer, close, break off, or lie."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager

import pytest

from straightway.certificates import make_authority
from straightway.documents.secrets import Sealed
from straightway.holdings.answers import FailureKind, NoAnswerError
from straightway.holdings.http1 import Client, Endpoint
from straightway.holdings.pools import Access
from tests.support.certificates import AUTHORITY, NOW, server_pair
from tests.support.ports import free_port
from tests.support.waiting import eventually_async

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Server:
    """Answers each request with the next of the given answers, then with the last again.

    An empty answer closes the connection instead; b"..." ends it after the bytes before.
    """

    def __init__(self, *answers: bytes) -> None:
        self._answers = list(answers)
        self.requests: list[bytes] = []
        self.connections = 0
        self.port = 0
        self._open: list[asyncio.StreamWriter] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._open.append(writer)
        while True:
            try:
                head = await reader.readuntil(b"\r\n\r\n")
            except (asyncio.IncompleteReadError, ConnectionError):
                return writer.close()
            length = head.lower().partition(b"content-length: ")[2].partition(b"\r")[0]
            self.requests.append(head + await reader.readexactly(int(length or 0)))
            answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
            writer.write(answer.removesuffix(b"..."))
            if not answer or answer.endswith(b"..."):
                return writer.close()

    def drop(self) -> None:
        """Close all connections."""
        for writer in self._open:
            writer.close()


@asynccontextmanager
async def serving(*answers: bytes, **options) -> AsyncIterator[tuple[Server, Client, Endpoint]]:
    server, client = Server(*answers), Client()
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, **options)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server, client, Endpoint("127.0.0.1", server.port)
    finally:
        client.close()
        server.drop()
        listening.close()
        await listening.wait_closed()


async def failure_of(call: Awaitable[object]) -> NoAnswerError:
    with pytest.raises(NoAnswerError) as raised:
        await call
    return raised.value


async def test_a_request_says_what_it_wants_and_a_connection_is_kept():
    async with serving(OK) as (server, client, endpoint):
        for _ in range(3):
            assert (await client.call(endpoint, "GET", "/v1/models?a=%20")).body == b"ok"
        assert (await client.call(endpoint, "POST", "/v2", b"{}")).status == 200
    assert (server.connections, len(server.requests)) == (1, 4)
    first, *_, last = server.requests
    assert first.startswith(b"GET /v1/models?a=%20 HTTP/1.1\r\nHost: 127.0.0.1:")
    assert b"Content-Length" not in first
    assert last.endswith(b"Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")


async def test_calls_at_one_time_have_connections_of_their_own():
    async with serving(OK) as (server, client, endpoint):
        await asyncio.gather(*(client.call(endpoint, "GET", "/") for _ in range(3)))
        assert server.connections == 3
        assert client.kept == 2


@pytest.mark.parametrize(
    "answer",
    [
        OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"),
        OK + b"more",
        b"HTTP/1.1 200 OK\r\n\r\nok...",
    ],
)
async def test_a_connection_that_must_not_be_kept_is_closed(answer):
    async with serving(answer) as (server, client, endpoint):
        for _ in range(2):
            assert (await client.call(endpoint, "GET", "/")).body == b"ok"
        assert server.connections == 2


async def test_a_connection_that_was_closed_meanwhile_is_not_a_failure():
    async with serving(OK) as (server, client, endpoint):
        await client.call(endpoint, "GET", "/")
        server.drop()
        assert (await client.call(endpoint, "GET", "/")).body == b"ok"
        assert server.connections == 2


async def test_a_call_that_meets_the_close_is_made_again_over_a_new_connection():
    async with serving(OK, b"", OK) as (server, client, endpoint):
        for _ in range(2):
            assert (await client.call(endpoint, "GET", "/")).body == b"ok"
        assert (server.connections, len(server.requests)) == (2, 3)


async def test_a_new_connection_that_is_closed_is_a_failure():
    async with serving(b"") as (server, client, endpoint):
        error = await failure_of(client.call(endpoint, "GET", "/"))
        assert error.kind is FailureKind.BROKEN
        assert server.connections == 1


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nok...", FailureKind.BROKEN),
        (b"SSH-2.0-OpenSSH_9.6\r\n", FailureKind.INVALID),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", FailureKind.INVALID),
    ],
)
async def test_what_is_no_answer_is_a_failure_that_says_so(answer, kind):
    async with serving(answer) as (_, client, endpoint):
        assert (await failure_of(client.call(endpoint, "GET", "/"))).kind is kind
        assert client.kept == 0


async def test_nobody_listens():
    endpoint = Endpoint("127.0.0.1", free_port())
    error = await failure_of(Client().call(endpoint, "GET", "/"))
    assert (error.kind, str(error)) == (FailureKind.REFUSED, "cannot connect: Connection refused")


async def test_a_redirect_is_an_answer_and_not_followed():
    moved = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"
    async with serving(moved) as (server, client, endpoint):
        assert (await client.call(endpoint, "GET", "/")).status == 302
        assert len(server.requests) == 1


async def test_a_call_that_is_cancelled_closes_its_connection():
    """What it would have been answered must not be the answer to the next call."""
    async with serving(b"HTTP/1.1 200 OK\r\n", OK) as (server, client, endpoint):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await client.call(endpoint, "GET", "/")
        assert (await client.call(endpoint, "GET", "/")).body == b"ok"
        assert server.connections == 2


async def test_what_nobody_asked_for_ends_a_connection():
    async with serving(OK) as (server, client, endpoint):
        await client.call(endpoint, "GET", "/")
        server._open[0].write(b"HTTP/1.1 408 Request Timeout\r\n\r\n")
        (connection,) = client._kept[endpoint]
        await eventually_async(lambda: not connection.is_open)
        assert (await client.call(endpoint, "GET", "/")).body == b"ok"


async def test_large_answers_that_arrive_together_have_one_allowance():
    large = b"HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n" + b"a" * 299_999
    async with serving(large) as (_, client, endpoint):
        client = Client(most_arriving=100_000)
        error = await failure_of(client.call(endpoint, "GET", "/"))
        assert str(error) == "too many large answers at once"
        assert client._allowance.take(100_000), "it was not given back"


async def test_a_token_is_sent_and_in_no_text():
    async with serving(OK) as (server, client, endpoint):
        sealed = endpoint._replace(access=Access(token=Sealed(b"secret\n")))
        await client.call(sealed, "GET", "/")
        assert b"\r\nAuthorization: Bearer secret\r\n" in server.requests[0]
        assert "secret" not in repr(sealed)
        bad = endpoint._replace(access=Access(token=Sealed(b"a\r\nX: y")))
        assert (await failure_of(client.call(bad, "GET", "/"))).kind is FailureKind.DENIED


@pytest.mark.parametrize("path", ["/a b", "a", "/a\r\nX: y", "/ä", "/a#b"])
async def test_a_path_that_is_not_encoded_is_our_mistake(path):
    with pytest.raises(ValueError, match="encoded"):
        await Client().call(Endpoint("127.0.0.1", 1), "GET", path)


async def test_an_address_of_version_6_is_written_in_brackets():
    assert Endpoint("::1", 8000).host == "[::1]:8000"


# --- TLS ---


@pytest.fixture(scope="module")
def tls(tmp_path_factory) -> ssl.SSLContext:
    pair, folder = server_pair("runtime.test", "127.0.0.1"), tmp_path_factory.mktemp("tls")
    (folder / "certificate").write_bytes(pair.certificate)
    (folder / "key").write_bytes(pair.key)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "certificate", folder / "key")
    return context


OURS, OTHERS = AUTHORITY.certificate, make_authority(NOW).certificate


@pytest.mark.parametrize(
    "access", [Access(tls=True, ca=OURS), Access(tls=True, ca=OURS, server_name="runtime.test")]
)
async def test_a_certificate_is_verified_by_its_authority_and_name(tls, access):
    async with serving(OK, ssl=tls) as (server, client, endpoint):
        for _ in range(2):
            answer = await client.call(endpoint._replace(access=access), "GET", "/")
            assert answer.body == b"ok"
        assert server.connections == 1


@pytest.mark.parametrize(
    ("access", "words"),
    [
        (Access(tls=True, ca=OTHERS), "its certificate cannot"),
        (Access(tls=True), "its certificate cannot"),
        (Access(tls=True, ca=OURS, server_name="another.test"), "its certificate cannot"),
        (Access(tls=True, ca=b"no authorities"), "the authorities"),
    ],
)
async def test_a_certificate_that_cannot_be_verified_is_a_failure(tls, access, words):
    async with serving(OK, ssl=tls) as (_, client, endpoint):
        error = await failure_of(client.call(endpoint._replace(access=access), "GET", "/"))
        assert error.kind is FailureKind.BROKEN
        assert str(error).startswith(words)


async def test_a_server_without_tls_is_told():
    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH_9.6\r\n")
        writer.close()

    async with await asyncio.start_server(greet, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        endpoint = Endpoint("127.0.0.1", port, Access(tls=True, ca=OURS))
        error = await failure_of(Client().call(endpoint, "GET", "/"))
        assert error.kind is FailureKind.BROKEN
