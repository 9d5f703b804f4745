"""Requests to runtimes, of which any may be slow, broken or hostile.

All pools share one client. Connections stay open between requests, because a runtime is asked every
second. A request ends within the pool's timeout, whatever comes; an answer is read up to a length.
Nothing is followed, stored or decompressed: no redirect, no cookie, no proxy of the environment, no
``Content-Encoding``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Hashable
from dataclasses import replace
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import urlsplit
from weakref import WeakValueDictionary

from straightway.holdings.answers import FailureKind, NoAnswerError
from straightway.holdings.apis.replies import Reply, printable
from straightway.holdings.http1 import Client, Endpoint, Response
from straightway.holdings.pools import Settings, Target

MOST_BYTES: Final = 8 * 2**20
"""The longest answer that is read, in bytes: 16,000 adapters of a vLLM."""
_PORTS: Final = {"http": 80, "https": 443}


class HttpClient:
    """Sends requests to runtimes; made for the event loop that uses it, and closed at the end."""

    def __init__(self) -> None:
        self.shared: WeakValueDictionary[Hashable, Any] = WeakValueDictionary()
        """What askers have in common, such as a registry of many runtimes, while one holds it."""
        self._client = Client()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close all connections."""
        self._client.close()

    async def get(self, target: Target, path: str, settings: Settings) -> Reply:
        """Send a GET; ``path`` is encoded already. Raises NoAnswerError: without an answer."""
        endpoint = Endpoint(target.address, target.port, settings.access)
        return await self._send(endpoint, "GET", path, settings)

    async def post(
        self,
        target: Target,
        path: str,
        body: bytes,
        settings: Settings,
        *,
        seconds: float | None = None,
    ) -> Reply:
        """Send JSON by POST, which only asks. Raises NoAnswerError: without an answer.

        ``seconds`` are for all of it; without them it is the pool's timeout.
        """
        endpoint = Endpoint(target.address, target.port, settings.access)
        return await self._send(endpoint, "POST", path, settings, body, seconds)

    async def send(self, method: str, url: str, settings: Settings, body: bytes = b"") -> Reply:
        """Send a request to a URL without a user, and return what came, whatever its status.

        Raises NoAnswerError: if nothing came in time, or nothing that can be read.
        """
        parts = urlsplit(url)
        access = replace(settings.access, tls=parts.scheme == "https")
        port = parts.port or _PORTS[parts.scheme]
        endpoint = Endpoint(parts.hostname or "", port, access)
        path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        return await self._send(endpoint, method, path, settings, body)

    async def _send(
        self,
        endpoint: Endpoint,
        method: str,
        path: str,
        settings: Settings,
        body: bytes = b"",
        seconds: float | None = None,
    ) -> Reply:
        asked = f"{method} {endpoint.url}{path}"
        seconds = settings.timeout if seconds is None else seconds
        try:
            async with asyncio.timeout(seconds):
                response = await self._client.call(endpoint, method, path, body, most=MOST_BYTES)
        except NoAnswerError as error:
            raise NoAnswerError(error.kind, f"{asked}: {error}") from None
        except TimeoutError:
            why = f"no complete answer within {seconds:g} s"
            raise NoAnswerError(FailureKind.TIMEOUT, f"{asked}: {why}") from None
        return _reply(asked, response)


def _reply(asked: str, response: Response) -> Reply:
    headers = response.headers
    encoding = headers.get("content-encoding", "identity")
    if encoding.lower() != "identity":
        why = f"the answer is encoded ({printable(encoding)}), though this was not asked for"
        raise NoAnswerError(FailureKind.INVALID, f"{asked}: {why}")
    location = _place(headers["location"]) if "location" in headers else ""
    return Reply(asked, response.status, response.body, location)


def _place(location: str) -> str:
    """Return where a redirect points to, without a query, which may hold secrets."""
    if not location:
        return ""
    try:
        parts = urlsplit(location)
    except ValueError:
        return "an invalid URL"
    host = parts.netloc.rpartition("@")[2]
    return printable(f"{parts.scheme}://{host}" if host else parts.path)
