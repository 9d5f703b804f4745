"""Requests to runtimes, of which any may be slow, broken or hostile.

All pools share one client. Connections stay open between requests, because a runtime is asked every
second. A request ends within the pool's timeout, whatever comes; an answer is read up to a length.
Nothing is followed, stored or decompressed: no redirect, no cookie, no proxy of the environment, no
``Content-Encoding``.
"""

from __future__ import annotations

import asyncio
import errno
import ssl
from collections.abc import Hashable
from functools import lru_cache
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import urlsplit
from weakref import WeakValueDictionary

import aiohttp
import yarl

from straightway.holdings.answers import FailureKind, NoAnswerError
from straightway.holdings.apis.replies import Reply, printable
from straightway.holdings.pools import Access, Settings, Target
from straightway.system_errors import reason_of

MOST_BYTES: Final = 8 * 2**20
"""The longest answer that is read, in bytes: 16,000 adapters of a vLLM."""
_MOST_OF_A_REFUSAL: Final = 2**16
_IDLE_SECONDS: Final = 75.0
_HEADERS: Final = {"Accept": "application/json, text/plain;q=0.5", "Accept-Encoding": "identity"}
_GONE: Final = frozenset({errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.EHOSTDOWN})


class HttpClient:
    """Sends requests to runtimes; made in the event loop that uses it, and closed at the end."""

    def __init__(self) -> None:
        self.shared: WeakValueDictionary[Hashable, Any] = WeakValueDictionary()
        """What askers have in common, such as a registry of many runtimes, while one holds it."""
        # How many are asked at once is the poller's to bound.
        connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=_IDLE_SECONDS)
        self._session = aiohttp.ClientSession(
            connector=connector,
            headers=_HEADERS,
            skip_auto_headers=("User-Agent",),
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None),
            trust_env=False,
            max_headers=64,
        )

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
        await self._session.close()

    async def get(self, target: Target, path: str, settings: Settings) -> Reply:
        """Send a GET; ``path`` is encoded already. Raises NoAnswerError: without an answer."""
        return await self.send("GET", url_of(target, path, settings.access), settings)

    async def post(
        self,
        target: Target,
        path: str,
        body: bytes,
        settings: Settings,
        *,
        seconds: float | None = None,
    ) -> Reply:
        """Send JSON by POST, which only asks. Raises NoAnswerError: without an answer."""
        url = url_of(target, path, settings.access)
        return await self.send("POST", url, settings, body, seconds=seconds)

    async def send(
        self,
        method: str,
        url: str,
        settings: Settings,
        body: bytes | None = None,
        *,
        seconds: float | None = None,
    ) -> Reply:
        """Send a request to a URL without a user, and return what came, whatever its status.

        ``seconds`` are for all of it; without them it is the pool's timeout. Raises NoAnswerError:
        if nothing came in time, or nothing that can be read.
        """
        asked = f"{method} {url}"
        seconds = settings.timeout if seconds is None else seconds
        headers = {"Content-Type": "application/json"} if body is not None else {}
        try:
            headers |= _credentials(settings.access)
            options = _tls_options(settings.access) if url.startswith("https:") else {}
            async with asyncio.timeout(seconds):
                return await self._sent(asked, method, url, body, headers, options)
        except NoAnswerError:
            raise
        except TimeoutError:
            why = f"no complete answer within {seconds:g} s"
            raise NoAnswerError(FailureKind.TIMEOUT, f"{asked}: {why}") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            # Without the cause: aiohttp's errors hold the request, and that the token.
            kind, why = _cause(error)
            raise NoAnswerError(kind, f"{asked}: {why}") from None

    async def _sent(
        self,
        asked: str,
        method: str,
        url: str,
        body: bytes | None,
        headers: dict[str, str],
        options: dict[str, ssl.SSLContext | str],
    ) -> Reply:
        try:
            return await self._once(asked, method, url, body, headers, options)
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as error:
            # A server closes an idle connection whenever it likes, also as this request comes.
            # aiohttp repeats only what is a GET.
            if method == "GET" or isinstance(error, aiohttp.ClientConnectorError):
                raise
            return await self._once(asked, method, url, body, headers, options)

    async def _once(
        self,
        asked: str,
        method: str,
        url: str,
        body: bytes | None,
        headers: dict[str, str],
        options: dict[str, ssl.SSLContext | str],
    ) -> Reply:
        async with self._session.request(
            method,
            yarl.URL(url, encoded=True),
            data=body,
            headers=headers,
            allow_redirects=False,
            **options,  # type: ignore[arg-type]
        ) as response:
            encoding = response.headers.get("Content-Encoding", "identity")
            if encoding.lower() != "identity":
                why = (
                    f"the answer is encoded ({printable(encoding)}), though this was not asked for"
                )
                raise NoAnswerError(FailureKind.INVALID, f"{asked}: {why}")
            location = _place(response.headers.get("Location", ""))
            content = await _content(response, asked)
            return Reply(asked, response.status, content, location)


def url_of(target: Target, path: str, access: Access) -> str:
    """Return the URL of a path, which is encoded already, at a runtime."""
    scheme = "https" if access.tls else "http"
    host = f"[{target.address}]" if ":" in target.address else target.address
    return f"{scheme}://{host}:{target.port}{path}"


async def _content(response: aiohttp.ClientResponse, asked: str) -> bytes:
    """Return the body; of a refusal only the beginning."""
    most = MOST_BYTES if response.status == 200 else _MOST_OF_A_REFUSAL
    content = bytearray()
    if (response.content_length or 0) <= most or response.status != 200:
        async for chunk in response.content.iter_any():
            content += chunk
            if len(content) > most:
                break
        else:
            return bytes(content)
    # The rest must not come before the answer to the next request.
    response.close()
    if response.status != 200:
        return bytes(content[:most])
    why = f"the answer has more than {MOST_BYTES // 2**20} MiB"
    raise NoAnswerError(FailureKind.INVALID, f"{asked}: {why}")


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


def _credentials(access: Access) -> dict[str, str]:
    if access.token is None:
        return {}
    token = (access.token.reveal() or b"").strip()
    if not token or not all(33 <= each < 127 for each in token):
        why = "the token in the Secret is empty, or no text that a header can have"
        raise NoAnswerError(FailureKind.DENIED, why)
    return {"Authorization": f"Bearer {token.decode()}"}


def _tls_options(access: Access) -> dict[str, ssl.SSLContext | str]:
    try:
        options: dict[str, ssl.SSLContext | str] = {"ssl": _context(access.ca)}
    except (ssl.SSLError, ValueError) as error:
        why = f"the authorities (ca.crt) cannot be used: {printable(str(error))}"
        raise NoAnswerError(FailureKind.BROKEN, why) from None
    if access.server_name:
        options["server_hostname"] = access.server_name
    return options


@lru_cache(maxsize=64)
def _context(authorities: bytes | None) -> ssl.SSLContext:
    text = authorities.decode("ascii") if authorities is not None else None
    context = ssl.create_default_context(cadata=text)
    context.set_alpn_protocols(["http/1.1"])
    return context


def _cause(error: Exception) -> tuple[FailureKind, str]:
    """Return what an error of aiohttp or the system means, in words."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        cause = error.certificate_error
        why = getattr(cause, "verify_message", "") or str(cause)
        return FailureKind.BROKEN, f"its certificate cannot be verified: {printable(why)}"
    if isinstance(error, aiohttp.ClientSSLError):
        why = getattr(error.os_error, "reason", None) or str(error.os_error)
        return FailureKind.BROKEN, f"TLS fails ({printable(why)}): does this port speak plain HTTP?"
    if isinstance(error, aiohttp.ClientConnectorError):
        why = printable(reason_of(error.os_error))
        is_gone = error.os_error.errno in _GONE
        kind = FailureKind.REFUSED if is_gone else FailureKind.BROKEN
        return kind, f"cannot connect: {why}"
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return FailureKind.BROKEN, "it closed the connection without an answer"
    if isinstance(error, aiohttp.ClientPayloadError):
        return FailureKind.BROKEN, "the answer broke off"
    if isinstance(error, aiohttp.ClientOSError):
        return FailureKind.BROKEN, f"the connection broke: {printable(reason_of(error))}"
    if isinstance(error, aiohttp.ClientResponseError):
        return FailureKind.INVALID, f"the answer is no valid HTTP/1.1: {printable(error.message)}"
    return FailureKind.BROKEN, printable(str(error)) or type(error).__name__
