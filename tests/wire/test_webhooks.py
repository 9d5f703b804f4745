"""The webhook server over real HTTPS: what it answers, and what a client may take of it."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest

from straightway.certificates import ServerTls, self_signed
from straightway.proxies.addresses import Address
from straightway.webhooks import Answer, Limits, Request, Validator, serve_webhooks
from straightway.webhooks.server import BUG, LATE
from tests.support.mistakes import OurMistakeError
from tests.support.ports import accepts
from tests.support.reviews import review
from tests.support.waiting import eventually

ITEM = {"apiVersion": "networking.istio.io/v1", "kind": "Gateway", "metadata": {"name": "a"}}
LOCAL = Address("127.0.0.1", 0)
PAIR, AUTHORITY = self_signed(["127.0.0.1"], datetime.now(UTC))


@dataclass
class Webhooks:
    """A running server."""

    port: int
    task: asyncio.Task[None]
    tls: ServerTls
    client: aiohttp.ClientSession

    async def post(self, path: str, body: Any, **more: Any) -> tuple[int, Any]:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", **more}
        url = f"https://127.0.0.1:{self.port}{path}"
        async with self.client.post(url, data=data, headers=headers) as response:
            text = await response.text()
            is_json = response.content_type == "application/json"
            return response.status, json.loads(text)["response"] if is_json else text

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port, ssl=_trusting(AUTHORITY))


def _trusting(authority: bytes) -> ssl.SSLContext:
    return ssl.create_default_context(cadata=authority.decode())


Start = Callable[..., Awaitable[Webhooks]]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Start servers, with limits of the test's own."""
    running: list[Webhooks] = []

    async def serve(validate=None, inject=None, **limits: Any) -> Webhooks:
        tls = ServerTls(PAIR)
        bound = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(
            serve_webhooks(
                LOCAL,
                tls.ssl_context,
                validate or Validator(),
                inject,
                limits=Limits(**limits),
                listening=bound.set_result,
            )
        )
        address = await bound
        connector = aiohttp.TCPConnector(ssl=_trusting(AUTHORITY))
        running.append(
            Webhooks(address.port, task, tls, aiohttp.ClientSession(connector=connector))
        )
        return running[-1]

    yield serve
    for each in running:
        await each.client.close()
        each.task.cancel()
        await asyncio.gather(each.task, return_exceptions=True)


async def test_objects_are_denied_and_let_through(start: Start) -> None:
    webhooks = await start()
    good = {**ITEM, "spec": {"servers": [_server()]}}

    assert await webhooks.post("/validate", review(good)) == (
        200,
        {"uid": review(good)["request"]["uid"], "allowed": True},
    )
    _, denied = await webhooks.post("/validate", review({**ITEM, "spec": {"servers": 7}}))
    assert denied["allowed"] is False
    assert denied["status"]["details"]["causes"][0]["field"] == "spec.servers"


def _server() -> dict[str, Any]:
    return {"hosts": ["*"], "port": {"number": 80, "name": "http", "protocol": "HTTP"}}


async def test_a_large_object_is_read_as_well(start: Start) -> None:
    webhooks = await start()
    servers = [{**_server(), "name": "x" * 200} for _ in range(4_000)]
    status, _ = await webhooks.post("/validate", review({**ITEM, "spec": {"servers": servers}}))
    assert status == 200


@pytest.mark.parametrize(
    ("path", "body", "headers", "status", "words"),
    [
        ("/other", {}, {}, 404, "nothing at /other"),
        ("/inject", {}, {}, 404, "nothing at /inject"),
        ("/validate", b"{", {}, 400, "not an AdmissionReview"),
        ("/validate", {**review(ITEM), "kind": "Review"}, {}, 400, "Only AdmissionReview"),
        ("/validate", review(None), {}, 400, "request.object is missing"),
        ("/validate", {}, {"Content-Type": "text/plain"}, 415, "application/json"),
        ("/validate", {}, {"Content-Encoding": "gzip"}, 415, "without compression"),
        ("/validate", b"x" * 2_000, {}, 413, "more than 1,000 bytes"),
    ],
)
async def test_other_requests_are_refused_with_the_reason(
    start: Start, path, body, headers, status, words
) -> None:
    webhooks = await start(body=1_000)
    answered, text = await webhooks.post(path, body, **headers)
    assert (answered, words in text) == (status, True), text


async def test_a_body_of_unknown_length_is_bounded(start: Start) -> None:
    webhooks = await start(body=1_000)

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 400

    async def send() -> None:
        url = f"https://127.0.0.1:{webhooks.port}/validate"
        headers = {"Content-Type": "application/json"}
        async with webhooks.client.post(url, data=endless(), headers=headers) as response:
            assert response.status == 413
            raise aiohttp.ClientError

    with pytest.raises(aiohttp.ClientError):
        await send()
    assert (await webhooks.post("/validate", review(ITEM)))[0] == 200


async def test_a_body_that_does_not_come_is_not_waited_for(start: Start) -> None:
    webhooks = await start(receiving=0.2, reviews=1)
    reader, writer = await webhooks.connect()
    writer.write(b"POST /validate HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n")
    writer.write(b"Content-Length: 100\r\n\r\n{")
    assert b" 408 " in await reader.readline()
    writer.close()
    assert (await webhooks.post("/validate", review(ITEM)))[0] == 200


async def test_a_connection_without_a_request_is_closed(start: Start) -> None:
    webhooks = await start(idle=0.2)
    reader, writer = await webhooks.connect()
    writer.write(b"POST /validate HTTP/1.1\r\nHost:")
    assert await reader.read() == b""
    writer.close()


async def test_connections_beyond_the_limit_are_refused(start: Start) -> None:
    webhooks = await start(connections=1)
    first = await webhooks.connect()
    try:
        reader, writer = await webhooks.connect()
        writer.write(b"GET / HTTP/1.1\r\n\r\n")
        answered = await reader.read()
    except OSError:
        answered = b""
    assert answered == b""
    first[1].close()


async def test_our_own_mistake_denies_nothing(start: Start) -> None:
    async def broken(_request: Request) -> Answer:
        raise OurMistakeError

    webhooks = await start(broken)
    _, response = await webhooks.post("/validate", review(ITEM))
    assert (response["allowed"], response["warnings"]) == (True, [BUG])


async def test_an_answer_that_takes_too_long_denies_nothing(start: Start) -> None:
    async def slow(_request: Request) -> Answer:
        await asyncio.Event().wait()
        return Answer(allowed=False)

    webhooks = await start(slow, answering=0.1)
    _, response = await webhooks.post("/validate", review(ITEM))
    assert (response["allowed"], response["warnings"]) == (True, [LATE])


async def test_the_end_waits_for_reviews_in_progress(start: Start) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slow(_request: Request) -> Answer:
        begun.set()
        await go_on.wait()
        return Answer(warnings=("late",))

    webhooks = await start(slow)
    asking = asyncio.create_task(webhooks.post("/validate", review(ITEM)))
    await begun.wait()
    webhooks.task.cancel()
    await asyncio.to_thread(eventually, lambda: not accepts(webhooks.port))
    go_on.set()

    assert (await asking)[1]["warnings"] == ["late"]
    with pytest.raises(asyncio.CancelledError):
        await webhooks.task


async def test_an_idle_connection_does_not_delay_the_end(start: Start) -> None:
    webhooks = await start(stopping=60.0)
    await webhooks.post("/validate", review(ITEM))
    webhooks.task.cancel()
    async with asyncio.timeout(10):
        with pytest.raises(asyncio.CancelledError):
            await webhooks.task


async def test_a_new_certificate_is_for_new_connections(start: Start) -> None:
    webhooks = await start()
    assert (await webhooks.post("/validate", review(ITEM)))[0] == 200

    pair, other = self_signed(["127.0.0.1"], datetime.now(UTC))
    webhooks.tls.use(pair)
    assert (await webhooks.post("/validate", review(ITEM)))[0] == 200, "the open connection"
    with pytest.raises(ssl.SSLCertVerificationError):
        await webhooks.connect()
    _, writer = await asyncio.open_connection("127.0.0.1", webhooks.port, ssl=_trusting(other))
    writer.close()


async def test_an_address_in_use_is_an_error(start: Start) -> None:
    webhooks = await start()
    address = Address("127.0.0.1", webhooks.port)
    with pytest.raises(OSError, match="in use"):
        await serve_webhooks(address, webhooks.tls.ssl_context, Validator(), None)
