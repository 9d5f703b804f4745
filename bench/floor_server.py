"""``python -m bench.floor_server PORT``: the floor, a bare grpc.aio server that only passes bytes.

It reads messages and writes prepared ones: to a stream when a message starts with the mark of a
prepared answer, and to all streams on command. It does not know xDS.
"""

from __future__ import annotations

import asyncio
import sys
import time

import grpc

from bench.server_process import serve

_Context = grpc.aio.ServicerContext[bytes, bytes]


class Floor:
    """A service that reads and writes bytes on any number of streams."""

    def __init__(self) -> None:
        """Start without prepared answers."""
        self._received = 0
        self._answers: dict[bytes, bytes] = {}
        self._message = b""
        self._told = asyncio.Event()

    def answer(self, prepared: bytes) -> bytes:
        """Register an answer: the first byte of ``prepared`` is its mark, the rest the message."""
        self._answers[prepared[:1]] = prepared[1:]
        return b""

    def change(self, message: bytes) -> bytes:
        """Write a message to all streams; return the start time."""
        started = time.monotonic()
        self._message = message
        self._told.set()
        self._told = asyncio.Event()
        return repr(started).encode()

    def count(self, _argument: bytes) -> bytes:
        """Return the number of messages read."""
        return str(self._received).encode()

    async def stream(self, _requests: object, context: _Context) -> None:
        """Handle a stream."""
        async with asyncio.TaskGroup() as tasks:
            reader = tasks.create_task(self._read(context))
            writer = tasks.create_task(self._write(context))
            await reader
            writer.cancel()

    async def _read(self, context: _Context) -> None:
        while isinstance(request := await context.read(), bytes):
            self._received += 1
            if answer := self._answers.get(request[:1]):
                await context.write(answer)

    async def _write(self, context: _Context) -> None:
        while True:
            await self._told.wait()
            await context.write(self._message)


async def main(port: int) -> None:
    """Serve until the process is killed."""
    floor = Floor()
    server = grpc.aio.server()
    handlers: dict[str, grpc.RpcMethodHandler[bytes, bytes]] = {
        "Stream": grpc.stream_stream_rpc_method_handler(floor.stream)
    }
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler("bench.Floor", handlers),)
    )
    methods = {"Answer": floor.answer, "Change": floor.change, "Received": floor.count}
    await serve(server, port, methods)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
