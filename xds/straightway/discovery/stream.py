"""One open stream: reads requests, wakes when its audience's content changes, and sends.

It keeps no queue. However slow its client is, as soon as it can send again it compares what the
client has with the latest content and sends the difference.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Hashable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Final, Protocol

import grpc
from envoy.config.core.v3.base_pb2 import Node

from straightway.discovery.access import KeyOf, RefusedError
from straightway.discovery.cache import Cache
from straightway.discovery.callbacks import Closed, Events
from straightway.discovery.client import ClientState
from straightway.discovery.delivery import Delivery
from straightway.discovery.limits import LimitExceededError
from straightway.discovery.patience import Patience
from straightway.discovery.report import Reporter
from straightway.discovery.requests import InvalidRequestError, decode
from straightway.discovery.resources import ROUTE_CONFIGURATION
from straightway.discovery.response import Variant
from straightway.discovery.session import Session
from straightway.discovery.settings import Settings
from straightway.discovery.status import ResourceStatus
from straightway.discovery.table import Table
from straightway.discovery.turns import Turns
from straightway.discovery.verdicts import Verdict

log = logging.getLogger(__name__)

_CHANGES_KEPT: Final = 1000
"""The number of changes of a type that are kept for a stream before it condenses them."""


class Transport(Protocol):
    """The part of ``grpc.aio.ServicerContext`` that a stream uses."""

    async def read(self) -> object:
        """Return the next request, encoded; ``grpc.aio.EOF`` after the last."""

    async def write(self, message: bytes) -> None:
        """Send a response; return when there is room for another."""

    def peer(self) -> str:
        """Return the client's address."""


class NoAudienceError(Exception):
    """The application's ``key_of`` has failed."""


@dataclass(frozen=True, slots=True)
class Ending:
    """Why a stream ends, and the status for its client."""

    reason: Closed
    code: grpc.StatusCode = grpc.StatusCode.OK
    details: str = ""


class Stream:
    """One client's stream, from its first request to its end.

    It belongs to the aggregated service, or with ``type_url`` to that type's own service. Streams
    of one server share ``turns``.
    """

    __slots__ = (
        "__weakref__",
        "_cache",
        "_ending",
        "_events",
        "_is_woken",
        "_key_of",
        "_loop",
        "_node",
        "_reporter",
        "_session",
        "_settings",
        "_transport",
        "_turns",
        "_woken",
    )

    def __init__(
        self,
        variant: Variant,
        transport: Transport,
        cache: Cache,
        key_of: KeyOf,
        events: Events,
        settings: Settings,
        *,
        type_url: str | None = None,
        turns: Turns | None = None,
    ) -> None:
        self._reporter: Reporter | None = None
        self._transport = transport
        self._cache = cache
        self._key_of = key_of
        self._events = events
        self._settings = settings
        self._session = Session(variant, settings.hold, settings.limits, type_url)
        self._node = Node()
        self._loop = asyncio.get_running_loop()
        self._turns = turns or Turns()
        self._woken = self._loop.create_future()
        self._is_woken = False
        self._ending: Ending | None = None

    @property
    def client(self) -> ClientState | None:
        """The client's state; None until its first request."""
        return None if self._reporter is None else self._reporter.client

    @property
    def node(self) -> Node:
        """The Node of the client's first request, without its list of extensions."""
        return self._node

    def statuses(self) -> Iterator[tuple[str, list[ResourceStatus]]]:
        """Yield, per type, the status of what the client wants."""
        return self._session.statuses()

    @property
    def delivery(self) -> Delivery | None:
        """How far the client has come; None until its first request."""
        client, tables = self.client, self._tables()
        if client is None:
            return None
        if tables is None:
            return Delivery(client, is_sent=False, rejects=False, has_routes=False)
        routes = tables.get(ROUTE_CONFIGURATION)
        return Delivery(
            client,
            is_sent=self._session.has_sent(tables),
            rejects=self._session.rejects,
            has_routes=routes is not None and bool(routes.resources),
        )

    async def run(self) -> Ending:
        """Serve until the stream ends; return the reason."""
        ending = Ending(Closed.ERROR)
        try:
            async with asyncio.TaskGroup() as tasks:
                reader = tasks.create_task(self._read())
                ending = await tasks.create_task(self._write())
                reader.cancel()
        except asyncio.CancelledError:
            ending = Ending(Closed.GONE)
            raise
        finally:
            self._ending = ending
            self._close(ending.reason)
        return ending

    def end(self, ending: Ending) -> None:
        """End the stream as soon as it is not busy writing. The first call counts."""
        self._ending = self._ending or ending
        self._wake()

    def rekey(self) -> None:
        """Compute the audience key again, and switch to its content if it differs."""
        client = self.client
        if client is None or self._ending is not None:
            return
        before = client.key
        try:
            key = self._key_of(self._node)
        except RefusedError as refusal:
            self.end(_refused(refusal))
            return
        if key != before:
            client.key = key
            self._join(key)
            self._leave(before)

    async def _read(self) -> None:
        try:
            while isinstance(data := await self._transport.read(), bytes):
                if not self._accept(data):
                    await self._turns.next()
                    self._receive(data)
            self.end(Ending(Closed.GONE))
        except InvalidRequestError as error:
            self.end(Ending(Closed.INVALID, grpc.StatusCode.INVALID_ARGUMENT, str(error)))
        except LimitExceededError as error:
            self.end(Ending(Closed.LIMIT, grpc.StatusCode.RESOURCE_EXHAUSTED, str(error)))
        except RefusedError as refusal:
            self.end(_refused(refusal))
        except NoAudienceError as error:
            self.end(Ending(Closed.ERROR, grpc.StatusCode.INTERNAL, str(error)))
        except grpc.aio.BaseError:
            self.end(Ending(Closed.GONE))

    async def _write(self) -> Ending:
        seconds = self._settings.stuck_after
        try:
            async with asyncio.timeout(None) as limit:
                with closing(Patience(seconds, limit)) as patience:
                    # The loop is not a separate coroutine: every response would pass through it
                    # twice.
                    session, clock, write = self._session, self._loop.time, self._transport.write
                    while self._ending is None:
                        # Renewed before the check, so that no change is missed.
                        self._woken, self._is_woken = self._loop.create_future(), False
                        tables = self._tables()
                        started = clock()
                        response = None if tables is None else session.next(tables, started)
                        if response is not None and self._reporter is not None:
                            # Before the client can answer.
                            self._reporter.sent(response, clock() - started)
                            patience.since = started
                            await write(response.data)
                            patience.since = None
                            if session.has_more:
                                continue
                        # Without content, nothing will ever be due.
                        if session.deadline is None or tables is None:
                            await self._woken
                        else:
                            await self._wait_until(session.deadline)
                    return self._ending
        except TimeoutError:
            details = f"nothing was read for {seconds:g} s"
            return Ending(Closed.STUCK, grpc.StatusCode.ABORTED, details)
        except grpc.aio.BaseError:
            return Ending(Closed.GONE)

    async def _wait_until(self, deadline: float) -> None:
        try:
            async with asyncio.timeout_at(deadline):
                await self._woken
        except TimeoutError:
            pass  # Resources that were held back may be due now.

    def _wake(self) -> None:
        if not self._is_woken:
            self._is_woken = True
            self._turns.wake(self._woken)
            return
        self._session.sum_up(_CHANGES_KEPT)  # It is writing, and may be for a long time.

    def _accept(self, data: bytes) -> bool:
        """Process a request if it only accepts a response; that is too little work for a turn.

        Returns whether it does.
        """
        reporter, received = self._reporter, self._session.accept(data)
        if reporter is None or received is None:
            return False
        reporter.received(received)
        return True

    def _receive(self, data: bytes) -> None:
        request = decode(self._session.variant, data)
        reporter = self._reporter or self._open(request.node)
        received = self._session.request(request, self._tables())
        reporter.received(received)
        is_up_to_date = received.subscription.is_up_to_date and not self._session.has_more
        if received.verdict is not Verdict.ACK or not is_up_to_date:
            self._wake()  # An ACK alone makes nothing due.

    def _open(self, node: Node) -> Reporter:
        # The spec, "The xDS transport protocol": the node comes with the first message only. It is
        # kept without the list of Envoy's extensions, which is most of its size.
        self._node.CopyFrom(node)
        self._node.ClearField("extensions")
        self._settings.limits.check_node(self._node)
        try:
            key = self._key_of(self._node)
        except RefusedError:
            raise
        except Exception as error:
            log.exception("no audience key for node %r", node.id)
            raise NoAudienceError("no audience for this node") from error
        client = ClientState(
            node_id=node.id,
            node_cluster=node.cluster,
            key=key,
            variant=self._session.variant,
            peer=self._transport.peer(),
        )
        self._reporter = Reporter(client, self._events)
        self._join(client.key)
        return self._reporter

    def _close(self, reason: Closed) -> None:
        if self._reporter is not None:
            self._reporter.closed(reason)
            self._leave(self._reporter.client.key)

    def _join(self, key: Hashable) -> None:
        is_first = self._cache.watchers(key) == 0
        self._cache.watch(key, self._wake)
        self._wake()
        if is_first and key not in self._cache:
            self._events.audience_wanted(key)

    def _leave(self, key: Hashable) -> None:
        self._cache.unwatch(key, self._wake)
        if self._cache.watchers(key) == 0:
            self._events.audience_unused(key)

    def _tables(self) -> Mapping[str, Table] | None:
        reporter = self._reporter
        return None if reporter is None else self._cache.tables(reporter.client.key)


def _refused(refusal: RefusedError) -> Ending:
    return Ending(Closed.REFUSED, refusal.code, refusal.details)
