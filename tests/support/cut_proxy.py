"""A TCP proxy that a test cuts and mends, and whose connections it can make go dead."""

from __future__ import annotations

import asyncio
import threading
from types import TracebackType
from typing import Self

from tests.support.ports import free_port


class CutProxy:
    """Forwards connections to a port of 127.0.0.1 while the context is open; in its own thread."""

    def __init__(self, port: int) -> None:
        self.port = free_port()
        self._target = port
        self._server: asyncio.Server | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._passing: set[asyncio.Task[None]] = set()
        self._dead: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        self.mend()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.cut()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def cut(self) -> None:
        """Break all connections, and refuse further ones."""
        self._do(self._cut())

    def mend(self) -> None:
        """Accept connections."""
        self._do(self._listen())

    def forget_connections(self) -> None:
        """Pass nothing on any more in the connections of now, which stay open."""
        self._do(self._forget())

    def _do(self, work: object) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result()  # type: ignore[arg-type]

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", self.port)

    async def _forget(self) -> None:
        self._dead |= self._passing

    async def _cut(self) -> None:
        if self._server is not None:
            self._server.close()
        for task in self._passing:
            task.cancel()
        await asyncio.gather(*self._passing, return_exceptions=True)
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()
        self._dead.clear()

    async def _connected(self, here: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        try:
            there, on = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            back.transport.abort()
            return
        self._writers |= {back, on}
        for reader, writer in ((here, on), (there, back)):
            task = asyncio.create_task(self._pass(reader, writer))
            self._passing.add(task)
            task.add_done_callback(self._passing.discard)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        while (data := await reader.read(65536)) or task in self._dead:
            if not data:
                await asyncio.Event().wait()
            if task not in self._dead:
                writer.write(data)
                await writer.drain()
        writer.close()
