"""Requests to a Kubernetes API server, through the client of the official package."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import aiohttp
import msgspec
import structlog

from straightway.kubernetes import credentials, media_types
from straightway.kubernetes.answers import Answer, Stream, refusal, streamed, whole
from straightway.kubernetes.errors import ConnectError, UnreachableError
from straightway.kubernetes.transport_errors import told

if TYPE_CHECKING:
    from kubernetes.aio.client import ApiClient

_log = structlog.get_logger()

_CONNECT_SECONDS = 10.0
_RENEW_SECONDS = 10.0
"""For how long credentials that were just loaded are not loaded again."""

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
            return msgspec.json.decode(answer.content) if answer.content else None
        except msgspec.DecodeError as error:
            raise UnreachableError(f"the answer is not JSON: {error}") from error

    async def read(
        self,
        path: str,
        query: Query | None = None,
        *,
        accept: str = media_types.JSON,
        method: str = "GET",
        body: Any = None,
        content_type: str = "application/json",
        timeout: float = 60.0,  # noqa: ASYNC109 (aiohttp applies it)
    ) -> Answer:
        """Send a request and return the answer as it came, in one of the forms to ``accept``.

        Raises as :meth:`request` does.
        """
        limits = aiohttp.ClientTimeout(total=timeout, sock_connect=_CONNECT_SECONDS)
        headers = {"Accept": accept, "Content-Type": content_type}
        async with self._sent(method, path, query, headers, body, limits) as response:
            return await whole(response)

    @asynccontextmanager
    async def stream(
        self, path: str, query: Query, *, accept: str = media_types.JSON, read_timeout: float
    ) -> AsyncIterator[Stream]:
        """Follow an answer that goes on, in one of the forms to ``accept``.

        ``read_timeout`` is the longest silence, in seconds. Raises as :meth:`request` does, also
        while messages come.
        """
        limits = aiohttp.ClientTimeout(
            total=None, sock_connect=_CONNECT_SECONDS, sock_read=read_timeout
        )
        # Nothing is gained by compression next door; at the start it costs more than all parsing.
        headers = {"Accept": accept, "Accept-Encoding": "identity"}
        async with self._sent("GET", path, query, headers, None, limits) as response:
            yield streamed(response)

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
            with told():
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
                raise await refusal(response)
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
        headers = dict(headers)
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


def _query_string(query: Query | None) -> str:
    if not query:
        return ""
    values = {
        key: str(value).lower() if isinstance(value, bool) else value
        for key, value in query.items()
    }
    return "?" + urlencode(values)
