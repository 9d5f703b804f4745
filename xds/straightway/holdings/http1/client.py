"""Calls to runtimes over connections that are kept between them."""

from __future__ import annotations

import asyncio
import errno
import ssl
from collections import defaultdict
from typing import Final

from straightway.holdings.answers import FailureKind, NoAnswerError
from straightway.holdings.http1.connection import Allowance, ClosedError, Connection
from straightway.holdings.http1.reading import Response
from straightway.holdings.http1.writing import Endpoint, encoded
from straightway.holdings.pools import Access
from straightway.holdings.transitions import worded
from straightway.system_errors import reason_of

MOST_BODY: Final = 16 * 1024 * 1024
"""The largest answer, in bytes."""
MOST_ARRIVING: Final = 64 * 1024 * 1024
"""How many bytes all large answers may have that are arriving at one time."""
LONGEST_IDLE: Final = 90.0
"""After so many seconds without a call a connection is closed."""
_GONE: Final = frozenset({errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.EHOSTDOWN})
_MOST_KEPT: Final = 2
_MOST_CONTEXTS: Final = 1000


class Client:
    """Makes calls. It sets no time limit: the caller does, by cancelling.

    No redirect is followed, and nothing is sent anywhere but to the endpoint.
    """

    def __init__(self, most_arriving: int = MOST_ARRIVING) -> None:
        self._kept: defaultdict[Endpoint, list[Connection]] = defaultdict(list)
        self._allowance = Allowance(most_arriving)
        self._contexts: dict[Access, ssl.SSLContext] = {}
        self._swept_at = 0.0

    @property
    def kept(self) -> int:
        """How many connections are kept, and not in use."""
        return sum(len(connections) for connections in self._kept.values())

    async def call(
        self,
        endpoint: Endpoint,
        method: str,
        path: str,
        body: bytes = b"",
        *,
        most: int = MOST_BODY,
    ) -> Response:
        """Make a call and return the response, whatever its status.

        Args:
            endpoint: where to, and with which credentials.
            method: ``GET`` or ``POST``.
            path: the path and query, percent-encoded.
            body: JSON.
            most: the largest body of the response, in bytes.

        A call over a kept connection that was closed meanwhile is made again over a new one.
        Raises: NoAnswerError.

        """
        request = encoded(endpoint, method, path, body)
        self._close_idle()
        while (connection := self._take(endpoint)) is not None:
            try:
                return await self._over(connection, endpoint, request, most)
            except ClosedError:
                continue
        try:
            return await self._over(await self._connect(endpoint), endpoint, request, most)
        except ClosedError:
            raise NoAnswerError(FailureKind.BROKEN, "the connection was closed at once") from None

    def close(self) -> None:
        """Close all connections that are kept and not in use."""
        for connections in self._kept.values():
            for connection in connections:
                connection.abort()
        self._kept.clear()

    async def _over(
        self, connection: Connection, endpoint: Endpoint, request: bytes, most: int
    ) -> Response:
        response = await connection.call(request, most)
        kept = self._kept[endpoint]
        if connection.is_open and len(kept) < _MOST_KEPT:
            kept.append(connection)
        else:
            connection.abort()
        return response

    def _take(self, endpoint: Endpoint) -> Connection | None:
        kept = self._kept.get(endpoint)
        while kept:
            connection = kept.pop()
            if connection.is_open:
                return connection
        return None

    async def _connect(self, endpoint: Endpoint) -> Connection:
        access = endpoint.access
        context = self._context(access) if access.tls else None
        name = (access.server_name or endpoint.address) if access.tls else None
        loop = asyncio.get_running_loop()
        try:
            _, connection = await loop.create_connection(
                lambda: Connection(self._allowance),
                endpoint.address,
                endpoint.port,
                ssl=context,
                server_hostname=name,
            )
        except (OSError, UnicodeError) as error:
            raise _unreachable(error) from error
        return connection

    def _context(self, access: Access) -> ssl.SSLContext:
        if access not in self._contexts:
            if len(self._contexts) >= _MOST_CONTEXTS:
                self._contexts.clear()
            authorities = access.ca.decode("latin-1") if access.ca is not None else None
            try:
                self._contexts[access] = ssl.create_default_context(cadata=authorities)
            except (ssl.SSLError, ValueError) as error:
                message = "the authorities to verify it with are not valid"
                raise NoAnswerError(FailureKind.BROKEN, message) from error
        return self._contexts[access]

    def _close_idle(self) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._swept_at < LONGEST_IDLE / 3:
            return
        self._swept_at = now
        for endpoint, connections in list(self._kept.items()):
            for connection in connections:
                if now - connection.idle_since > LONGEST_IDLE:
                    connection.abort()
            connections[:] = [each for each in connections if each.is_open]
            if not connections:
                del self._kept[endpoint]


def _unreachable(error: OSError | UnicodeError) -> NoAnswerError:
    if isinstance(error, ssl.SSLCertVerificationError):
        words = f"its certificate cannot be verified: {worded(error.verify_message)}"
        return NoAnswerError(FailureKind.BROKEN, words)
    if isinstance(error, ssl.SSLError):
        words = f"TLS fails ({error.reason or error}): does this port speak plain HTTP?"
        return NoAnswerError(FailureKind.BROKEN, worded(words))
    if isinstance(error, UnicodeError):
        return NoAnswerError(FailureKind.BROKEN, "its name is no name of a host")
    kind = FailureKind.TIMEOUT if error.errno == errno.ETIMEDOUT else FailureKind.BROKEN
    if error.errno in _GONE:
        kind = FailureKind.REFUSED
    return NoAnswerError(kind, f"cannot connect: {worded(reason_of(error))}")
