"""A control plane whose parts are made: what runs of it, from the first listing to the signal."""

from __future__ import annotations

import asyncio
import gc
import signal
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import structlog

from straightway.containment import contained
from straightway.control import Control
from straightway.discovery import DiscoveryServer
from straightway.listening import ListenError, Port, SecurePorts, listen
from straightway.model_discovery import ModelDiscoveries
from straightway.options import Options
from straightway.proxies.addresses import Address
from straightway.sources import Update
from straightway.system_errors import reason_of

if TYPE_CHECKING:
    # What only some control planes need is imported where it is: it takes a third of a second.
    from straightway.in_cluster import InCluster
    from straightway.kubernetes import Client
    from straightway.webhooks import WebhookOptions

_log = structlog.get_logger()

Work: TypeAlias = Iterator[Coroutine[Any, Any, None]]
"""What is to run until the end."""


class Source(Protocol):
    """Where config comes from."""

    async def run(self, emit: Callable[[Update], None]) -> None:
        """Emit everything, then every change, until cancelled."""


@dataclass(frozen=True, slots=True)
class Plane:
    """All parts of a control plane, to be run."""

    options: Options
    client: Client | None
    sources: Mapping[str, Source]
    control: Control
    discoveries: ModelDiscoveries
    discovery: DiscoveryServer
    secure: SecurePorts | None
    in_cluster: InCluster | None
    keep: Callable[[], Coroutine[Any, Any, None]] | None
    """What keeps last good versions; None if nothing does."""

    async def serve(self, address: Address) -> None:
        """Serve at ``address`` and the ports with TLS until a signal."""
        stopping = asyncio.Event()

        def is_ready() -> bool:
            return self.control.synced.is_set() and not stopping.is_set()

        with _on_signals(stopping.set):
            async with _probes(self.options.health, is_ready):
                ports = [Port("--xds-address", address)]
                if self.secure is not None:
                    if not await _completes(self.secure.start(), unless=stopping):
                        return
                    ports += self.secure.ports()
                server = await listen(self.discovery, ports, self.options.max_connection_age)
                try:
                    await _run(self._work(), until=stopping)
                finally:
                    await self.discovery.close()
                    await server.stop(grace=1.0)

    def _work(self) -> Work:
        yield _load_uncollected(self.control)
        yield _serve_from_first_config(self.discovery, self.control)
        yield self.control.run(self.discovery.rekey)
        for name, source in self.sources.items():
            yield source.run(partial(self.control.apply, name))
        yield contained("model discovery", self.discoveries.run)
        if self.secure is not None:
            yield contained("certificates", self.secure.run)
            if self.options.webhooks is not None:
                answer = partial(self._answer_webhooks, self.options.webhooks, self.secure)
                yield contained("webhooks", answer, unless=(ListenError,))
        if self.in_cluster is not None:
            yield from self.in_cluster.work(self.control, self.discovery)
        if self.keep is not None:
            yield self.keep()

    async def _answer_webhooks(self, options: WebhookOptions, secure: SecurePorts) -> None:
        from straightway.webhooks import run_webhooks
        from straightway.webhooks.running import DEFAULT_NAMESPACE

        namespace = self.client.namespace if self.client is not None else DEFAULT_NAMESPACE
        context, units = secure.tls.ssl_context, self.control.units
        is_complete = self.control.synced.is_set
        try:
            await run_webhooks(options, context, units, is_complete, namespace=namespace)
        except OSError as error:
            raise _cannot_listen(options.address, "--webhook-address", error) from error


@asynccontextmanager
async def _probes(address: Address | None, is_ready: Callable[[], bool]) -> AsyncIterator[None]:
    if address is None:
        yield
        return
    from straightway.probes import serve_probes

    async with AsyncExitStack() as stack:
        try:
            await stack.enter_async_context(serve_probes(address, is_ready))
        except OSError as error:
            raise _cannot_listen(address, "--health-address", error) from error
        yield


def _cannot_listen(address: Address, option: str, error: OSError) -> ListenError:
    return ListenError(
        f"Cannot listen on {address}: {reason_of(error)}. "
        f"Choose another address with {option} HOST:PORT."
    )


async def _completes(work: Coroutine[Any, Any, None], *, unless: asyncio.Event) -> bool:
    """Do something to the end, unless the event comes first; return whether it is done."""
    working, waiting = asyncio.ensure_future(work), asyncio.ensure_future(unless.wait())
    try:
        await asyncio.wait([working, waiting], return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            await working
        return working.done()
    finally:
        working.cancel()
        waiting.cancel()
        # What it uses is closed next.
        await asyncio.gather(working, waiting, return_exceptions=True)


async def _run(work: Iterable[Coroutine[Any, Any, None]], *, until: asyncio.Event) -> None:
    """Run everything until the event comes."""
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(each) for each in work]
        await until.wait()
        _log.info("stopping")
        for task in running:
            task.cancel()


async def _load_uncollected(control: Control) -> None:
    """Keep the garbage collector away from the first load.

    What is loaded stays, so collections find nothing: they take a third of the time of a large
    load, and would delay pushes later on.
    """
    gc.disable()
    try:
        await control.synced.wait()
    finally:
        gc.freeze()
        # A push makes thousands of short-lived objects, which reference counts free. At the
        # default of 700, collections were a fifth of its CPU with a thousand Envoys.
        gc.set_threshold(50_000, 10, 10)
        gc.enable()


async def _serve_from_first_config(discovery: DiscoveryServer, control: Control) -> None:
    """Report NOT_SERVING to new Envoys until there is something to send them."""
    await control.synced.wait()
    discovery.set_serving(True)


@contextmanager
def _on_signals(handler: Callable[[], None]) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, handler)
    try:
        yield
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
