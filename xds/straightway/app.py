"""The control plane, wired: the one module that knows all others."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import grpc
import structlog
from envoy.config.core.v3 import base_pb2

from straightway import __version__
from straightway.control.loop import Control
from straightway.discovery import Cache, DiscoveryServer, grpc_options
from straightway.intake import LastGood
from straightway.logs.problems import log_problems
from straightway.logs.streams import StreamLog
from straightway.proxies.addresses import Address
from straightway.proxies.audience import Audience, proxy_of_node
from straightway.sources.files import check_folder
from straightway.sources.folder import FolderSource
from straightway.state import StateFolder

_log = structlog.get_logger()


class ListenError(Exception):
    """The address cannot be listened on; the message says which and what to do."""


async def serve(
    folder: Path, address: Address, *, state: Path | None = None, grace: float = 30.0
) -> None:
    """Serve the config in ``folder`` to Envoys at ``address`` until SIGINT or SIGTERM.

    ``state`` is the folder in which last good versions are kept for the next start, None for
    nowhere; ``grace`` is how long what vanishes at once is held, in seconds.

    Raises:
        ConfigFolderError: if the folder cannot be read at the start.
        ListenError: if the address cannot be listened on.

    """
    await asyncio.to_thread(check_folder, folder)
    cache = Cache()
    state_folder = StateFolder(state) if state is not None else None
    last_good = await asyncio.to_thread(state_folder.open) if state_folder else LastGood()
    control = Control(cache, state=last_good, grace=grace)
    control.problems.listen(log_problems)

    def key_of(node: base_pb2.Node) -> Audience:
        return control.audience_of(proxy_of_node(node))

    streams = StreamLog(control)
    discovery = DiscoveryServer(cache, key_of, callbacks=streams)
    discovery.set_serving(False)
    control.rekey = discovery.rekey
    stopping = asyncio.Event()
    with _on_signals(stopping.set):
        server = await _listen(discovery, address)
        try:
            async with asyncio.TaskGroup() as tasks:
                running = [
                    tasks.create_task(_load_uncollected(control)),
                    tasks.create_task(_serve_from_first_config(discovery, control)),
                    tasks.create_task(control.run()),
                    tasks.create_task(FolderSource(folder).run(control.apply)),
                ]
                if state_folder is not None:
                    keeping = _keep_from_first_config(state_folder, last_good, control)
                    running.append(tasks.create_task(keeping))
                await stopping.wait()
                _log.info("stopping")
                for task in running:
                    task.cancel()
        finally:
            await discovery.close()
            await server.stop(grace=1.0)
            streams.close()


async def _load_uncollected(control: Control) -> None:
    """Keep the garbage collector away from the first load.

    What is loaded stays, so looking through it again and again finds nothing: it takes a third of
    the time of a large load, and would delay pushes later on.
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


async def _keep_from_first_config(
    folder: StateFolder, last_good: LastGood, control: Control
) -> None:
    """Keep last good versions, but leave the first load all of the CPU."""
    await control.synced.wait()
    await folder.keep(last_good)


async def _serve_from_first_config(discovery: DiscoveryServer, control: Control) -> None:
    """Have new Envoys sent elsewhere until there is something to send them."""
    await control.synced.wait()
    discovery.set_serving(True)


async def _listen(discovery: DiscoveryServer, address: Address) -> grpc.aio.Server:
    server = grpc.aio.server(options=grpc_options())
    discovery.add_to(server)
    try:
        port = server.add_insecure_port(str(address))
    except RuntimeError as error:
        raise ListenError(
            f"Cannot listen on {address}: {await _reason(address)}. "
            "Choose another address with --xds-address HOST:PORT."
        ) from error
    await server.start()
    _log.info("listening", address=str(replace(address, port=port)), version=__version__)
    return server


async def _reason(address: Address) -> str:
    """Ask the system why an address cannot be listened on, for gRPC does not say."""
    try:
        probe = await asyncio.start_server(lambda *_: None, address.host, address.port)
    except OSError as error:
        # What asyncio raises names the address again, and has the system's words in its number.
        number = error.errno or 0  # Below 0 it is a resolver's, which has words of its own.
        return os.strerror(number) if number > 0 else str(error.strerror)
    probe.close()
    return "gRPC refuses it"


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
