"""Requests to a Kubernetes API server, through the client of the official package."""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import aiohttp
import msgspec
import structlog

from straightway.kubernetes import credentials
from straightway.kubernetes.errors import ApiError, ConnectError, UnreachableError
from straightway.kubernetes.lines import Lines, LineTooLongError
from straightway.system_errors import reason_of

if TYPE_CHECKING:
    from kubernetes.aio.client import ApiClient

_log = structlog.get_logger()

_CONNECT_SECONDS = 10.0
_RENEW_SECONDS = 10.0
"""For how long credentials that were just loaded are not loaded again."""
_MOST_AT_ONCE = 1 << 16
"""How many bytes of a stream are read at once: after a pause, much more waits.

To copy and divide all of it would keep others on the event loop waiting.
"""
_MOST_OF_AN_ERROR = 2**16
_ERROR_SECONDS = 10.0
"""For how long to read why a request is refused."""
_MOST_RETRY_AFTER = 60.0
_KEEPALIVE = (
    (socket.SOL_SOCKET, "SO_KEEPALIVE", 1),
    (socket.IPPROTO_TCP, "TCP_KEEPIDLE", 15),
    (socket.IPPROTO_TCP, "TCP_KEEPINTVL", 5),
    (socket.IPPROTO_TCP, "TCP_KEEPCNT", 3),
)
"""A connection whose other end vanished without a word is noticed within 30 seconds."""

Query = Mapping[str, str | int | bool]


class Client:
    """Sends requests to one API server.

    ``namespace`` is the one that this process belongs to: the Pod's, or the kubeconfig context's.
    """

    def __init__(self, load: credentials.Load, access: credentials.Access) -> None:
        self.namespace = access.namespace
        self._load = load
        self._api = _api_for(access)
        self._uses: Counter[ApiClient] = Counter()
        self._renewing = asyncio.Lock()
        self._renewed_at = asyncio.get_running_loop().time()

    @property
    def server(self) -> str:
        """The API server's URL."""
        return self._api.configuration.host

    async def request(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        query: Query | None = None,
        content_type: str = "application/json",
        timeout: float = 10.0,  # noqa: ASYNC109 (aiohttp applies it)
    ) -> Any:
        """Send a request and return the decoded answer; ``timeout`` in seconds is for all of it.

        ``body`` is plain data, encoded as JSON.

        Raises: ApiError: if the server refuses the request. UnreachableError: if it does not
        answer.

        """
        answer = await self.read(
            path, query, method=method, body=body, content_type=content_type, timeout=timeout
        )
        try:
            return msgspec.json.decode(answer) if answer else None
        except msgspec.DecodeError as error:
            raise UnreachableError(f"the answer is not JSON: {error}") from error

    async def read(
        self,
        path: str,
        query: Query | None = None,
        *,
        method: str = "GET",
        body: Any = None,
        content_type: str = "application/json",
        timeout: float = 60.0,  # noqa: ASYNC109 (aiohttp applies it)
    ) -> bytes:
        """Send a request and return the answer as it came. Raises as :meth:`request` does."""
        limits = aiohttp.ClientTimeout(total=timeout, sock_connect=_CONNECT_SECONDS)
        headers = {"Content-Type": content_type}
        async with self._sent(method, path, query, headers, body, limits) as response:
            with _told():
                return await response.read()

    @asynccontextmanager
    async def lines(
        self, path: str, query: Query, *, read_timeout: float
    ) -> AsyncIterator[AsyncIterator[list[bytes]]]:
        """Follow an answer that comes in lines, those that arrived together at a time.

        ``read_timeout`` is the longest silence, in seconds. Raises as :meth:`request` does, also
        while the lines come.
        """
        limits = aiohttp.ClientTimeout(
            total=None, sock_connect=_CONNECT_SECONDS, sock_read=read_timeout
        )
        # Nothing is gained by compression next door; at the start it costs more than all parsing.
        headers = {"Accept-Encoding": "identity"}
        async with self._sent("GET", path, query, headers, None, limits) as response:
            _keep_alive(response)
            yield _lines_of(response)

    async def close(self) -> None:
        """Close all connections."""
        for api in {self._api, *self._uses}:
            await api.close()

    @asynccontextmanager
    async def _sent(
        self,
        method: str,
        path: str,
        query: Query | None,
        headers: dict[str, str],
        body: Any,
        limits: aiohttp.ClientTimeout,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Send a request, once more with fresh credentials if these are refused."""
        send = partial(self._send, method, path + _query_string(query), headers, body, limits)
        async with AsyncExitStack() as until_read:
            api = await until_read.enter_async_context(self._used())
            with _told():
                try:
                    response = await send(api)
                except aiohttp.ClientConnectorCertificateError:
                    if not await self._renew(api):
                        raise
                    response = await send(await until_read.enter_async_context(self._used()))
                if response.status == 401 and await self._renew(api):
                    response.close()
                    response = await send(await until_read.enter_async_context(self._used()))
            # Whoever stops in the middle of an answer must not leave the rest to the next.
            until_read.callback(response.close)
            if response.status >= 400:
                raise await _refusal(response)
            yield response

    @asynccontextmanager
    async def _used(self) -> AsyncIterator[ApiClient]:
        """Yield the current client, which stays open for that long even if it is replaced."""
        api = self._api
        self._uses[api] += 1
        try:
            yield api
        finally:
            self._uses[api] -= 1
            if not self._uses[api]:
                del self._uses[api]
                if api is not self._api:
                    await api.close()

    async def _send(
        self,
        method: str,
        url: str,
        headers: dict[str, str],
        body: Any,
        limits: aiohttp.ClientTimeout,
        api: ApiClient,
    ) -> aiohttp.ClientResponse:
        headers = {"Accept": "application/json", **headers}
        try:
            await api.update_params_for_auth(headers, [], ["BearerToken"], url, method, body)
        except Exception as error:
            # A token file that is gone or empty: whatever the package's reader of it raises.
            raise UnreachableError(f"there are no credentials: {error}") from error
        answer = await api.rest_client.request(
            method, api.configuration.host + url, headers, body, _request_timeout=limits
        )
        return answer.response

    async def _renew(self, refused: ApiClient) -> bool:
        """Replace configuration and credentials that were refused; False if they are just new."""
        async with self._renewing:
            if self._api is not refused:
                return True
            now = asyncio.get_running_loop().time()
            if now - self._renewed_at < _RENEW_SECONDS:
                return False
            self._renewed_at = now
            try:
                self._api = _api_for(await self._load())
            except ConnectError as error:
                _log.warning("credentials for the API server not renewed", reason=str(error))
                return False
            # Others may still read what the refused one has brought, so the last of them closes it.
            return True


@asynccontextmanager
async def connect(
    kubeconfig: Path | None = None, context: str | None = None
) -> AsyncIterator[Client]:
    """Yield a client for the cluster around this Pod, or for a kubeconfig's.

    Without arguments it is the Pod's cluster; outside of one, that of ``$KUBECONFIG`` or
    ``~/.kube/config``. Nothing is sent yet.

    Raises ConnectError: if there is no usable configuration.
    """
    load = partial(credentials.load, kubeconfig, context)
    client = Client(load, await load())
    try:
        yield client
    finally:
        await client.close()


def _api_for(access: credentials.Access) -> ApiClient:
    """Return the official client. Raises ConnectError: if certificates cannot be used."""
    from kubernetes.aio.client import ApiClient

    # Each watch has a connection of its own, one for each kind and namespace: if there were a
    # limit, requests beyond it would wait for ever.
    access.configuration.connection_pool_maxsize = 0
    try:
        return ApiClient(access.configuration)
    except (OSError, ValueError) as error:
        raise ConnectError(
            f"The certificates for the API server cannot be used: {error}."
        ) from error


@contextmanager
def _told() -> Iterator[None]:
    """Turn whatever sending and reading may raise into one error with a reason."""
    try:
        yield
    except TimeoutError as error:
        raise UnreachableError(str(error) or "no answer in time") from error
    except aiohttp.ClientConnectorCertificateError as error:
        raise UnreachableError(_why_not_verified(error)) from error
    except aiohttp.ClientConnectorError as error:
        why = reason_of(error.os_error)
        raise UnreachableError(f"cannot connect to {error.host}:{error.port}: {why}") from error
    except (aiohttp.ClientError, OSError, LineTooLongError) as error:
        raise UnreachableError(str(error) or type(error).__name__) from error


def _why_not_verified(error: aiohttp.ClientConnectorCertificateError) -> str:
    cause = error.certificate_error
    why = getattr(cause, "verify_message", "") or str(cause)
    return (
        f"the certificate of {error.host}:{error.port} cannot be verified: {why}. Check the server "
        "and its certificate-authority in the kubeconfig"
    )


def _query_string(query: Query | None) -> str:
    if not query:
        return ""
    values = {
        key: str(value).lower() if isinstance(value, bool) else value
        for key, value in query.items()
    }
    return "?" + urlencode(values)


async def _refusal(response: aiohttp.ClientResponse) -> ApiError:
    with _told():
        async with asyncio.timeout(_ERROR_SECONDS):
            body = await _beginning(response)
    try:
        told: Any = msgspec.json.decode(body)
    except msgspec.DecodeError:
        told = body.decode(errors="replace")
    return ApiError.of(response.status, told, _pause_in(response.headers.get("Retry-After", "")))


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


async def _lines_of(response: aiohttp.ClientResponse) -> AsyncIterator[list[bytes]]:
    lines = Lines()
    while True:
        with _told():
            chunk = await response.content.read(_MOST_AT_ONCE)
            if not chunk:
                return
            complete = lines.feed(chunk)
        if complete:
            yield complete
