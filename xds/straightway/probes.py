"""The health of this process over HTTP, for probes such as a kubelet's."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiohttp import web

from straightway.proxies.addresses import Address


@asynccontextmanager
async def serve_probes(address: Address, is_ready: Callable[[], bool]) -> AsyncIterator[int]:
    """Answer ``/healthz`` and ``/readyz`` at an address until the end of the block.

    ``/healthz`` says 200 whenever the event loop turns, ``/readyz`` says 503 until ``is_ready``.
    Yields the port.

    Raises OSError: if listening on the address fails.
    """

    async def healthy(_: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def ready(_: web.Request) -> web.Response:
        if is_ready():
            return web.Response(text="ok\n")
        return web.Response(status=503, text="no config is in force, or the server is stopping\n")

    app = web.Application(client_max_size=0)
    app.router.add_get("/healthz", healthy)
    app.router.add_get("/readyz", ready)
    runner = web.AppRunner(app, access_log=None, keepalive_timeout=15.0, shutdown_timeout=1.0)
    await runner.setup()
    try:
        site = web.TCPSite(runner, address.host, address.port)
        await site.start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()
