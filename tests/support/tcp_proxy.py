"""A TCP proxy that can go silent: connections stay open, but no data passes.

This is how a client looks whose machine is gone, or whose NAT has dropped the connection.
"""

from __future__ import annotations

import asyncio


class TcpProxy:
    """Forwards bytes between clients and one port of 127.0.0.1 until it goes silent."""

    def __init__(self, port: int) -> None:
        self.passed = 0
        """How often something has been passed on."""
        self._port = port
        self._is_silent = False
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> int:
        """Listen; return the port."""
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    def fall_silent(self) -> None:
        """Drop all further data in both directions."""
        self._is_silent = True

    async def close(self) -> None:
        """Close all connections."""
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _connected(self, here: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        there, on = await asyncio.open_connection("127.0.0.1", self._port)
        for reader, writer in ((here, on), (there, back)):
            task = asyncio.create_task(self._pass(reader, writer))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                if not self._is_silent:
                    self.passed += 1
                    writer.write(data)
                    await writer.drain()
        finally:
            if not self._is_silent:
                writer.close()
