"""What an API server answers: once, in a stream, or with a refusal."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass

import aiohttp

from straightway.kubernetes.errors import ApiError
from straightway.kubernetes.formats import Format, format_of
from straightway.kubernetes.transport_errors import told

_MOST_OF_AN_ERROR = 2**16
_ERROR_SECONDS = 10.0
"""For how long to read why a request is refused."""
_MOST_RETRY_AFTER = 60.0
_MOST_AT_ONCE = 1 << 16
"""How many bytes of a stream are read at once: after a pause, much more waits.

To copy and divide all of it would keep others on the event loop waiting.
"""
_KEEPALIVE = (
    (socket.SOL_SOCKET, "SO_KEEPALIVE", 1),
    (socket.IPPROTO_TCP, "TCP_KEEPIDLE", 15),
    (socket.IPPROTO_TCP, "TCP_KEEPINTVL", 5),
    (socket.IPPROTO_TCP, "TCP_KEEPCNT", 3),
)
"""A connection whose other end vanished without a word is noticed within 30 seconds."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it came, and what it is to be read as."""

    content: bytes
    format: Format


@dataclass(frozen=True, slots=True)
class Stream:
    """An answer that goes on: messages, those that arrived together at a time."""

    batches: AsyncIterator[list[bytes]]
    format: Format


async def whole(response: aiohttp.ClientResponse) -> Answer:
    """Read an answer to its end. Raises: UnreachableError."""
    with told():
        return Answer(await response.read(), format_of(response.content_type))


def streamed(response: aiohttp.ClientResponse) -> Stream:
    """Return an answer to read as it comes, over a connection that is probed meanwhile."""
    _keep_alive(response)
    form = format_of(response.content_type)
    return Stream(_batches(response, form), form)


async def refusal(response: aiohttp.ClientResponse) -> ApiError:
    """Return why a request was refused. Raises UnreachableError: if that cannot be read."""
    with told():
        async with asyncio.timeout(_ERROR_SECONDS):
            body = await _beginning(response)
    said = format_of(response.content_type).read_refusal(body)
    return ApiError.of(response.status, said, _pause_in(response.headers.get("Retry-After", "")))


def _pause_in(header: str) -> float | None:
    """Return how many seconds a server asks to wait, within reason; None for anything else."""
    try:
        # In this order, because the greater one of 0 and NaN is 0.
        return min(max(0.0, float(header)), _MOST_RETRY_AFTER)
    except ValueError:
        return None


async def _beginning(response: aiohttp.ClientResponse) -> bytes:
    """Return the body, up to a length that no honest error has."""
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) >= _MOST_OF_AN_ERROR:
            break
    return bytes(body[:_MOST_OF_AN_ERROR])


def _keep_alive(response: aiohttp.ClientResponse) -> None:
    """Have the system probe a connection over which nothing may come for minutes."""
    transport = response.connection.transport if response.connection else None
    endpoint = transport.get_extra_info("socket") if transport else None
    if endpoint is None:
        return
    for level, name, value in _KEEPALIVE:
        # Not every system has all of them.
        if option := getattr(socket, name, None):
            endpoint.setsockopt(level, option, value)


async def _batches(response: aiohttp.ClientResponse, form: Format) -> AsyncIterator[list[bytes]]:
    framing = form.framing()
    while True:
        with told():
            chunk = await response.content.read(_MOST_AT_ONCE)
            if not chunk:
                return
            complete = framing.feed(chunk)
        if complete:
            yield complete
