"""From a request to bytes."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

from straightway.holdings.answers import FailureKind, NoAnswerError
from straightway.holdings.pools import Access
from straightway.proxies.addresses import Address

_TARGET: Final = re.compile(r"/[\x21-\x22\x24-\x7e]*")
"""A path and query, without a fragment."""
_TOKEN: Final = re.compile(rb"[\x21-\x7e]+")


class Endpoint(NamedTuple):
    """Where a connection leads; ``address`` is an IP address, or a name that is resolved."""

    address: str
    port: int
    access: Access = Access()

    @property
    def url(self) -> str:
        """The URL, without a path."""
        return f"{'https' if self.access.tls else 'http'}://{self.host}"

    @property
    def host(self) -> str:
        """The value of the header ``Host``."""
        return str(Address(self.address, self.port))


def encoded(endpoint: Endpoint, method: str, path: str, body: bytes = b"") -> bytes:
    """Return a request as bytes; a body is JSON.

    ``path`` is percent-encoded. Raises NoAnswerError if the token cannot be sent.
    """
    head = _head(endpoint.host, method, path)
    if endpoint.access.token is not None:
        head += b"Authorization: Bearer %b\r\n" % token_of(endpoint.access)
    if body or method == "POST":
        head += b"Content-Type: application/json\r\nContent-Length: %d\r\n" % len(body)
    return head + b"\r\n" + body


@lru_cache(maxsize=4096)
def _head(host: str, method: str, path: str) -> bytes:
    if _TARGET.fullmatch(path) is None:
        raise ValueError(f"not percent-encoded: {path!r}")
    return (
        f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nAccept: application/json\r\n"
        "Accept-Encoding: identity\r\nUser-Agent: straightway\r\n"
    ).encode()


def token_of(access: Access) -> bytes:
    """Return the bearer token. Raises NoAnswerError if there is none that can be sent."""
    token = ((access.token.reveal() if access.token is not None else None) or b"").strip()
    if _TOKEN.fullmatch(token) is None:
        raise NoAnswerError(FailureKind.DENIED, "the token to send is empty, or no token")
    return token
