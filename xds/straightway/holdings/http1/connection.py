"""One connection to a runtime, with one call at a time."""

from __future__ import annotations

import asyncio
from typing import Final

from straightway.holdings.answers import FailureKind, NoAnswerError
from straightway.holdings.http1.reading import MalformedError, Response, ResponseReader
from straightway.system_errors import reason_of

_SMALL: Final = 64 * 1024
"""So many bytes of an answer are always taken; the rest is borrowed from all calls' allowance."""


class ClosedError(Exception):
    """The peer had closed a kept connection before the call: it was not answered at all."""


class Allowance:
    """How many bytes the large answers that are arriving may have, all together."""

    __slots__ = ("_left",)

    def __init__(self, most: int) -> None:
        self._left = most

    def take(self, size: int) -> bool:
        """Take some if there is enough."""
        if size > self._left:
            return False
        self._left -= size
        return True

    def give_back(self, size: int) -> None:
        """Give back what was taken."""
        self._left += size


class Connection(asyncio.Protocol):
    """A connection that is kept between calls."""

    def __init__(self, allowance: Allowance) -> None:
        self._allowance = allowance
        self._taken = 0
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[Response] | None = None
        self._reader: ResponseReader | None = None
        self._is_used = False
        self._is_answering = False
        self.idle_since = 0.0
        """When the last call ended, by the clock of the event loop."""

    @property
    def is_open(self) -> bool:
        """Whether another call may be made."""
        return self._transport is not None and not self._transport.is_closing()

    async def call(self, request: bytes, most: int) -> Response:
        """Send a request and return its response.

        Raises: NoAnswerError. ClosedError: if the connection was closed since an earlier call.

        """
        if self._transport is None or not self.is_open:
            raise ClosedError
        loop = asyncio.get_running_loop()
        self._answer, self._reader = loop.create_future(), ResponseReader(most)
        self._is_answering = False
        self._transport.write(request)
        is_kept = False
        try:
            response = await self._answer
            is_kept = self._reader.keeps_alive
        finally:
            self._answer = self._reader = None
            self._allowance.give_back(self._taken)
            self._taken = 0
            self._is_used = True
            self.idle_since = loop.time()
            if not is_kept:
                self.abort()
        return response

    def abort(self) -> None:
        """Close at once; a call that is waiting fails."""
        if self._transport is not None:
            self._transport.abort()

    # --- What the event loop tells ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Read what has arrived. What nobody asked for ends the connection."""
        if self._reader is None or self._answer is None or self._answer.done():
            self.abort()
            return
        self._is_answering = True
        try:
            response = self._reader.feed(data)
        except MalformedError as error:
            self._fail(_invalid(error))
            return
        if response is not None:
            self._answer.set_result(response)
        else:
            self._take(self._reader.buffered - _SMALL - self._taken)

    def eof_received(self) -> bool:
        """Let the connection be closed, which completes some answers."""
        return False

    def connection_lost(self, error: Exception | None) -> None:
        """End the call that is waiting."""
        self._transport = None
        if self._answer is None or self._reader is None or self._answer.done():
            return
        if not self._is_answering and self._is_used:
            self._fail(ClosedError())
        elif error is not None:
            self._fail(NoAnswerError(FailureKind.BROKEN, _words(error)))
        else:
            self._end()

    def _end(self) -> None:
        assert self._answer is not None
        assert self._reader is not None
        try:
            self._answer.set_result(self._reader.end())
        except MalformedError as error:
            self._fail(NoAnswerError(FailureKind.BROKEN, f"no answer: {error}"))

    def _take(self, size: int) -> None:
        if size <= 0:
            return
        if self._allowance.take(size):
            self._taken += size
        else:
            self._fail(NoAnswerError(FailureKind.INVALID, "too many large answers at once"))

    def _fail(self, error: Exception) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)
        self.abort()


def _invalid(error: MalformedError) -> NoAnswerError:
    return NoAnswerError(FailureKind.INVALID, f"the answer is refused: {error}")


def _words(error: Exception) -> str:
    return reason_of(error) if isinstance(error, OSError) else str(error) or type(error).__name__
