"""The HTTPS server that the API server asks, with a bound on everything that a client may send.

Whoever reaches the port may ask; an answer tells nothing that its reader could not apply and see.
So what counts is that no client costs much: connections, bytes, time and concurrent reviews are
limited.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any, Final, TypeAlias

import structlog
from aiohttp import web

from straightway.proxies.addresses import Address
from straightway.webhooks.admission import Answer, Request, ReviewError, request_of, response_of

_log = structlog.get_logger()

VALIDATE_PATH: Final = "/validate"
INJECT_PATH: Final = "/inject"
BUG: Final = (
    "Straightway failed to check this object, which is a bug in Straightway: please report it with "
    "the log lines. The object was let through unchecked."
)
LATE: Final = "Straightway did not check this object in time, and let it through unchecked."

Answering: TypeAlias = Callable[[Request], Awaitable[Answer]]
"""Answers a question; raises ReviewError if it cannot be read."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a client may take of the server.

    ``body`` is in bytes: an update holds two objects, and etcd stores none above 1.5 MiB. Times are
    in seconds: ``receiving`` for a whole body, ``answering`` for an answer, ``idle`` for a
    connection without a request, ``stopping`` for the reviews in progress at the end.
    """

    body: int = 8 * 2**20
    connections: int = 256
    reviews: int = 16
    receiving: float = 5.0
    answering: float = 5.0
    idle: float = 60.0
    stopping: float = 5.0


async def serve_webhooks(
    address: Address,
    tls: ssl.SSLContext,
    validate: Answering | None,
    inject: Answering | None,
    *,
    limits: Limits = Limits(),
    listening: Callable[[Address], None] | None = None,
) -> None:
    """Answer at ``/validate`` and ``/inject``, where there is something to answer with.

    Runs until it is cancelled; then it accepts nothing more and completes what it has begun.
    ``tls`` may be given another certificate at any time, for new connections. ``listening`` is
    called with the address once clients can connect; its port is the real one.

    Raises OSError if it cannot listen on the address.
    """
    answering = {VALIDATE_PATH: validate, INJECT_PATH: inject}
    reviews = _Reviews({path: each for path, each in answering.items() if each}, limits)
    http = _BoundedServer(
        reviews.handle,
        limits.connections,
        keepalive_timeout=limits.idle,
        access_log=None,
        auto_decompress=False,
        lingering_time=1.0,
    )
    server = await asyncio.get_running_loop().create_server(
        http,
        address.host,
        address.port,
        ssl=tls,
        ssl_handshake_timeout=limits.receiving,
        ssl_shutdown_timeout=1.0,
    )
    try:
        bound = replace(address, port=server.sockets[0].getsockname()[1])
        _log.info("webhooks listening", address=str(bound))
        if listening is not None:
            listening(bound)
        await asyncio.Event().wait()
    finally:
        server.close()
        http.pre_shutdown()
        await http.shutdown(limits.stopping)


class _BoundedServer(web.Server):
    """Refuses connections beyond a number."""

    def __init__(self, handler: Any, most: int, **options: Any) -> None:
        super().__init__(handler, **options)
        self._most = most

    def connection_made(self, handler: Any, transport: asyncio.Transport) -> None:
        super().connection_made(handler, transport)
        if len(self.connections) > self._most:
            transport.abort()


class _Reviews:
    """Answers requests, some at a time."""

    def __init__(self, answering: Mapping[str, Answering], limits: Limits) -> None:
        self._answering = answering
        self._limits = limits
        self._turns = asyncio.Semaphore(limits.reviews)

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one HTTP request."""
        answering = self._answering.get(request.path)
        if answering is None:
            return _refusal(HTTPStatus.NOT_FOUND, f"There is nothing at {request.path[:100]}.")
        if request.method != "POST":
            return _refusal(HTTPStatus.METHOD_NOT_ALLOWED, "Send an AdmissionReview with POST.")
        if request.content_type != "application/json" or request.headers.get("Content-Encoding"):
            message = "Send an AdmissionReview as application/json, without compression."
            return _refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, message)
        async with self._turns:
            try:
                async with asyncio.timeout(self._limits.receiving):
                    content = await self._body_of(request)
            except TimeoutError:
                return _refusal(HTTPStatus.REQUEST_TIMEOUT, "The body did not arrive in time.")
            if content is None:
                message = f"The body has more than {self._limits.body:,} bytes."
                return _refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, message)
            return await self._review(answering, content)

    async def _body_of(self, request: web.BaseRequest) -> bytes | None:
        """Read the body; None if it is too large, without reading the rest."""
        if (request.content_length or 0) > self._limits.body:
            return None
        chunks, size = [], 0
        async for chunk in request.content.iter_any():
            size += len(chunk)
            if size > self._limits.body:
                return None
            chunks.append(chunk)
        return b"".join(chunks)

    async def _review(self, answering: Answering, content: bytes) -> web.Response:
        try:
            request = request_of(content)
            answer = await self._answer(answering, request)
            body = response_of(request.uid, answer)
        except ReviewError as error:
            return _refusal(HTTPStatus.BAD_REQUEST, str(error))
        return web.Response(body=body, content_type="application/json")

    async def _answer(self, answering: Answering, request: Request) -> Answer:
        """Return the answer; our own mistakes and delays refuse nothing."""
        try:
            async with asyncio.timeout(self._limits.answering):
                return await answering(request)
        except ReviewError:
            raise
        except TimeoutError:
            _log.warning("review not answered in time, the object is let through")
            return Answer(warnings=(LATE,))
        except Exception:  # noqa: BLE001 (the edge of our own code: logged with its cause)
            _log.exception("internal error, the object is let through unchecked")
            return Answer(warnings=(BUG,))


def _refusal(status: HTTPStatus, message: str) -> web.Response:
    response = web.Response(status=status, text=f"{message}\n")
    # What is left of a body is not read: the connection cannot be used again.
    with suppress(RuntimeError):
        response.force_close()
    return response
