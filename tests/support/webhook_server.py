"""Our webhook server in a thread of its own, for tests whose client is another process."""

from __future__ import annotations

import asyncio
import base64
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any

from straightway.certificates import ServerTls, self_signed
from straightway.proxies.addresses import Address
from straightway.webhooks.server import Answering, serve_webhooks
from tests.support.ports import free_port

Json = dict[str, Any]


class WebhookServer:
    """A server that can be stopped and started again at its address."""

    def __init__(self, validate: Answering | None = None, inject: Answering | None = None) -> None:
        pair, self.authority = self_signed(["127.0.0.1"], datetime.now(UTC))
        self._tls = ServerTls(pair)
        self._answering = validate, inject
        self.port = free_port()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start, and wait until clients can connect."""
        listening = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve(listening)))
        self._thread.start()
        assert listening.wait(15)

    def stop(self) -> None:
        """Stop, and wait until nothing listens."""
        if self._thread is not None:
            self._loop.call_soon_threadsafe(self._task.cancel)
            self._thread.join(15)
            self._thread = None

    async def _serve(self, listening: threading.Event) -> None:
        self._loop = asyncio.get_running_loop()
        address = Address("127.0.0.1", self.port)
        serving = serve_webhooks(
            address, self._tls.ssl_context, *self._answering, listening=lambda _: listening.set()
        )
        self._task = asyncio.create_task(serving)
        with suppress(asyncio.CancelledError):
            await self._task

    def client_config(self, path: str) -> Json:
        """Return how an API server reaches it."""
        return {
            "url": f"https://127.0.0.1:{self.port}{path}",
            "caBundle": base64.b64encode(self.authority).decode(),
        }


@contextmanager
def webhook_server(
    validate: Answering | None = None, inject: Answering | None = None
) -> Iterator[WebhookServer]:
    """Run a server."""
    server = WebhookServer(validate, inject)
    server.start()
    try:
        yield server
    finally:
        server.stop()
