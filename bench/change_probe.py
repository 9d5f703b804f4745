"""``python -m bench.change_probe PORT TARGET``: how long a control plane does not answer.

It polls the control plane's health service, which responds on the event loop, every millisecond or
as soon as it has the previous response. It is a separate process, so that the rest of the benchmark
does not delay it. ``Longest`` returns the longest answer time in seconds since its last call.
"""

from __future__ import annotations

import asyncio
import sys
import time

import grpc
from grpc_health.v1.health_pb2 import HealthCheckRequest
from grpc_health.v1.health_pb2_grpc import HealthStub

from bench.server_process import serve

_PAUSE_SECONDS = 0.001


class Probe:
    """Polls the health service and keeps the longest answer time."""

    def __init__(self) -> None:
        """Start without an answer."""
        self._longest = 0.0
        self._asked: float | None = None

    def longest(self, _argument: bytes) -> bytes:
        """Return the longest answer time since the last call, including a pending answer."""
        waited = 0.0 if self._asked is None else time.monotonic() - self._asked
        longest, self._longest = max(self._longest, waited), 0.0
        return repr(longest).encode()

    async def ask(self, port: int) -> None:
        """Poll until cancelled."""
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            check = HealthStub(channel).Check
            await check(HealthCheckRequest(), wait_for_ready=True)
            while True:
                self._asked = time.monotonic()
                await check(HealthCheckRequest())
                self._longest = max(self._longest, time.monotonic() - self._asked)
                self._asked = None
                await asyncio.sleep(_PAUSE_SECONDS)


async def main(port: int, target: int) -> None:
    """Poll and serve until the process is killed."""
    probe = Probe()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(probe.ask(target))
        await serve(grpc.aio.server(), port, {"Longest": probe.longest})


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
