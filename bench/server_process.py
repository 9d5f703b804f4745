"""A server process of a benchmark, and its control by the benchmark.

Besides the measured service, the process serves a small gRPC service that takes commands.
"""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
from collections.abc import Callable, Mapping

import grpc

from bench.usage import cpu_seconds, exact_cpu_seconds, resident_mebibytes
from tests.support.ports import free_port

SECONDS = 60.0
"""The longest wait before the benchmark fails."""

_SERVICE = "bench.Control"
_PAUSE_SECONDS = 0.005

Method = Callable[[bytes], bytes]


async def serve(server: grpc.aio.Server, port: int, methods: Mapping[str, Method]) -> None:
    """Serve on a port of 127.0.0.1, with ``methods`` for :class:`ServerProcess` to call.

    The garbage collector has the settings of ``straightway serve``.
    """
    gc.freeze()
    gc.set_threshold(50_000, 10, 10)
    handlers = {name: _handler(method) for name, method in methods.items()}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(_SERVICE, handlers),))
    server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    await server.wait_for_termination()


def _handler(method: Method) -> grpc.RpcMethodHandler[bytes, bytes]:
    async def call(request: bytes, _context: grpc.aio.ServicerContext[bytes, bytes]) -> bytes:
        return method(request)

    return grpc.unary_unary_rpc_method_handler(call)


class ServerProcess:
    """A process of ``python -m MODULE PORT ARGUMENTS`` on a free port."""

    def __init__(self, module: str, *arguments: str) -> None:
        """Start the process."""
        self.port = free_port()
        command = [sys.executable, "-m", module, str(self.port), *arguments]
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        self._channel = grpc.aio.insecure_channel(f"127.0.0.1:{self.port}")

    @property
    def cpu_seconds(self) -> float:
        """The CPU time used so far."""
        return cpu_seconds(self._process.pid)

    @property
    def exact_cpu_seconds(self) -> float:
        """The same to the nanosecond."""
        return exact_cpu_seconds(self._process.pid)

    @property
    def mebibytes(self) -> float:
        """The resident memory."""
        return resident_mebibytes(self._process.pid)

    async def call(self, method: str, argument: bytes = b"") -> bytes:
        """Call a method of the process; wait until it listens."""
        rpc: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = self._channel.unary_unary(
            f"/{_SERVICE}/{method}"
        )
        answer: bytes = await rpc(argument, wait_for_ready=True, timeout=SECONDS)
        return answer

    async def wait_until_read(self, messages: int) -> None:
        """Wait until the process has read a number of messages since its start."""
        async with asyncio.timeout(SECONDS):
            while int(await self.call("Received")) < messages:  # noqa: ASYNC110
                await asyncio.sleep(_PAUSE_SECONDS)  # There is no event from another process.

    async def close(self) -> None:
        """Kill the process."""
        await self._channel.close()
        self._process.kill()
        self._process.wait()
