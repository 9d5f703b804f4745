"""The discovery server: all discovery services, on one grpc.aio server."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import grpc
from grpc_health.v1 import health
from grpc_health.v1.health_pb2_grpc import add_HealthServicer_to_server

from straightway.discovery import csds, rpc
from straightway.discovery.access import Access, Authenticate, KeyOf
from straightway.discovery.cache import Cache
from straightway.discovery.callbacks import Callbacks, Closed, Events
from straightway.discovery.client import ClientState
from straightway.discovery.delivery import Delivery
from straightway.discovery.health import HealthService
from straightway.discovery.reflecting import ReflectionService
from straightway.discovery.response import Variant
from straightway.discovery.services import SERVICES, Service
from straightway.discovery.settings import Settings
from straightway.discovery.stream import Ending, Stream
from straightway.discovery.turns import Turns

log = logging.getLogger(__name__)

_NAMES: Final = tuple(service.name for service in SERVICES)
_SHUTDOWN: Final = Ending(Closed.SHUTDOWN, grpc.StatusCode.UNAVAILABLE, "shutting down")

_Context = grpc.aio.ServicerContext[bytes, bytes]
_Handler = Callable[[object, _Context], Awaitable[None]]


class DiscoveryServer:
    """Serves a cache to Envoys, over streams of both variants.

    A stream belongs to the aggregated service (ADS), or to the service of a single type (CDS, EDS,
    LDS, RDS, SRDS, VHDS, SDS, ECDS, RTDS). Only the former orders types: see
    :class:`~straightway.discovery.session.Session`. Beside them are client status discovery (CSDS),
    gRPC health and gRPC reflection.

    ``key_of`` returns the audience key for an Envoy's Node (without its list of extensions); the
    client gets the snapshot that the cache holds under that key. It may raise RefusedError.
    ``callbacks`` are notified of events, in this order. ``authenticate`` decides about the client
    of each RPC, except those of gRPC health; without it everybody is admitted.
    """

    def __init__(
        self,
        cache: Cache,
        key_of: KeyOf,
        *,
        callbacks: Sequence[Callbacks] = (),
        authenticate: Authenticate | None = None,
        settings: Settings | None = None,
    ) -> None:
        self._cache = cache
        self._key_of = key_of
        self._events = Events(callbacks)
        self._access = Access(authenticate)
        self._settings = settings or Settings()
        self._health = HealthService(_NAMES)
        self._streams: set[Stream] = set()
        self._turns = Turns()
        self._all_closed = asyncio.Event()
        self._is_closing = False

    def add_to(self, server: grpc.aio.Server) -> None:
        """Register all services with a server that has not been started."""
        status = csds.ClientStatusService(
            lambda: tuple(self._streams),
            limit=self._settings.status_size,
            stuck_after=self._settings.stuck_after,
            access=self._access,
        )
        handlers = [self._handlers(service) for service in SERVICES]
        server.add_generic_rpc_handlers([*handlers, status.handlers()])
        add_HealthServicer_to_server(self._health, server)
        names = (*_NAMES, csds.SERVICE_NAME, health.SERVICE_NAME)
        ReflectionService(names, self._access).add_to(server)

    def set_serving(self, is_serving: bool) -> None:
        """Set by gRPC health whether clients should use this server; initially SERVING.

        False reports NOT_SERVING; clients that connect anyway are served. After :meth:`close` it
        stays NOT_SERVING.
        """
        self._health.set_serving(is_serving)

    def rekey(self) -> None:
        """Compute the audience key of every open stream again.

        Call it when ``key_of`` may return different keys than before. Streams whose key differs
        move to the other snapshot, and are sent the difference. If ``key_of`` raises, the stream
        keeps its key and the exception is logged; RefusedError ends the stream with its status.
        """
        for stream in tuple(self._streams):
            try:
                stream.rekey()
            except Exception:
                log.exception("no audience key for the node of an open stream; it stays")

    def clients(self) -> Sequence[ClientState]:
        """Return the clients of all open streams that have identified themselves."""
        return [stream.client for stream in self._streams if stream.client is not None]

    def deliveries(self) -> Sequence[Delivery]:
        """Return how far the clients of all open streams have come.

        It is computed now, so that nothing has to be kept up to date for it.
        """
        found = (stream.delivery for stream in self._streams)
        return [delivery for delivery in found if delivery is not None]

    async def close(self, grace: float = 5.0) -> None:
        """End all streams, so that their clients go to another replica; refuse new ones.

        Returns when the last stream has ended, or after ``grace`` seconds; ``grpc.aio.Server.stop``
        cancels what is left then.
        """
        self._is_closing = True
        self._health.close()
        for stream in tuple(self._streams):
            stream.end(_SHUTDOWN)
        try:
            async with asyncio.timeout(grace):
                while self._streams:
                    self._all_closed.clear()
                    await self._all_closed.wait()
        except TimeoutError:
            log.warning("%d streams did not end within %g s", len(self._streams), grace)

    def _handlers(self, service: Service) -> grpc.GenericRpcHandler:
        handlers: dict[str, grpc.RpcMethodHandler[bytes, bytes]] = {
            # Requests are passed encoded: most need not be decoded.
            method: grpc.stream_stream_rpc_method_handler(self._handler(variant, service.type_url))
            for method, variant in service.streams.items()
        }
        for method in service.fetches:
            handlers[method] = grpc.unary_unary_rpc_method_handler(_refuse_to_fetch)
        return grpc.method_handlers_generic_handler(service.name, handlers)

    def _handler(self, variant: Variant, type_url: str | None) -> _Handler:
        async def handle(_requests: object, context: _Context) -> None:
            await rpc.begin(context)
            admission = await self._access.admit(context)
            if admission is None:
                return
            if self._is_closing:
                await rpc.abort(context, _SHUTDOWN.code, _SHUTDOWN.details)
                return
            stream = Stream(
                variant,
                context,
                self._cache,
                admission.key_of or self._key_of,
                self._events,
                self._settings,
                type_url=type_url,
                turns=self._turns,
            )
            ending = await self._serve(stream)
            if ending.code is not grpc.StatusCode.OK:
                await rpc.abort(context, ending.code, ending.details)

        return handle

    async def _serve(self, stream: Stream) -> Ending:
        self._streams.add(stream)
        try:
            return await stream.run()
        finally:
            self._streams.discard(stream)
            if not self._streams:
                self._all_closed.set()


async def _refuse_to_fetch(_request: object, context: _Context) -> None:
    # The unary methods exist for the protocol's REST variant, in which clients poll.
    details = "polling is not supported: open a stream with the Stream or Delta method"
    await context.abort(grpc.StatusCode.UNIMPLEMENTED, details)
