"""A client and its session in the server, with two ordered pipes between them.

Tests decide when a pipe delivers its next message, so that messages cross in any order.
"""

from __future__ import annotations

from collections import deque

from straightway.discovery import Cache, Limits, Variant
from straightway.discovery.requests import Request
from straightway.discovery.requests import decode as decode_request
from straightway.discovery.session import Session
from tests.support.conversation import KEY, Answer, decode


class PipedClient:
    """The pipes and the session; subclasses are what reads the responses."""

    session: Session
    to_server: deque[Request]
    to_client: deque[bytes]

    def __init__(self, cache: Cache, variant: Variant) -> None:
        self.cache = cache
        self.variant = variant
        self._open()

    def _open(self) -> None:
        """Begin a stream; what was on its way is lost."""
        self.session = Session(self.variant, hold=1.0, limits=Limits())
        self.to_server = deque()
        self.to_client = deque()

    def server_reads(self) -> bool:
        """Deliver one request."""
        if not self.to_server:
            return False
        data = self.to_server.popleft().SerializeToString()
        if self.session.accept(data) is None:
            self.session.request(decode_request(self.variant, data))
        return True

    def server_sends(self, now: float = 0.0) -> bool:
        """Let the server send one response."""
        tables = self.cache.tables(KEY)
        response = None if tables is None else self.session.next(tables, now)
        if response is None:
            deadline = self.session.deadline
            assert tables is None or deadline is None or deadline > now, "would never sleep"
            return False
        self.to_client.append(response.data)
        return True

    def _delivered(self) -> Answer | None:
        """Deliver one response, or None if there is none on its way."""
        return decode(self.variant, self.to_client.popleft()) if self.to_client else None
