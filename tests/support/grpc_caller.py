"""``python -m tests.support.grpc_caller TARGET``: calls a service all the time, until stopped.

Says on stdout, a line each, which backend answers whenever that is another one than before, and
every call that fails. At the end of stdin it says how many calls there were, and ends. The
target's scheme is ``xds``: gRPC's own xDS client finds the backends, by its bootstrap.
"""

from __future__ import annotations

import asyncio
import sys

import grpc

METHOD = "/test.Backend/Name"
_AT_ONCE = 8


class Caller:
    """Calls one target."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self.calls = 0
        self._backend = ""
        self._call: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(METHOD)

    async def keep_calling(self) -> None:
        """Call until cancelled."""
        while True:
            self.calls += 1
            try:
                answer = await self._call(b"", timeout=10.0, wait_for_ready=not self._backend)
            except grpc.aio.AioRpcError as error:
                say(f"failed: {error.code()} {error.details()}")
                continue
            name = answer.decode()
            if name != self._backend:
                self._backend = name
                say(f"backend {name}")


def say(line: str) -> None:
    """Write a line to stdout at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


async def main(target: str) -> None:
    """Call until stdin ends."""
    async with grpc.aio.insecure_channel(target) as channel:
        caller = Caller(channel)
        calling = [asyncio.create_task(caller.keep_calling()) for _ in range(_AT_ONCE)]
        await asyncio.to_thread(sys.stdin.read)
        for each in calling:
            each.cancel()
        await asyncio.gather(*calling, return_exceptions=True)
    say(f"calls {caller.calls}")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
