"""Many clients of one control plane over a few connections."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Final, Self

import grpc
from envoy.config.core.v3.base_pb2 import Node

from bench.change_client import SECONDS, Client, Held, gateway_node, returning
from bench.streams import CONNECTIONS, open_channel

_STARTING_AT_ONCE: Final = 20


class Fleet:
    """Clients that connect, receive the same changes, disconnect and reconnect; a context."""

    def __init__(self, port: int) -> None:
        """Prepare without connecting."""
        self.clients: list[Client] = []
        self.held: Held = {}
        """What the first of the clients holds: all of one audience hold the same."""
        self._port = port
        self._channels: list[grpc.aio.Channel] = []

    async def __aenter__(self) -> Self:
        """Return it."""
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        """Close all connections."""
        await self.leave()

    async def join(self, nodes: Sequence[Node]) -> None:
        """Connect more clients, a few at a time, and wait until each has everything."""
        few = asyncio.Semaphore(_STARTING_AT_ONCE)

        async def start(client: Client) -> None:
            async with few:
                await client.start()

        await asyncio.gather(*map(start, self._connect(nodes)))

    async def come_back(self, nodes: Sequence[Node], mark: str) -> list[float]:
        """Reconnect clients at once with the held state; return when each one gets the mark."""
        requests = returning(self.held)
        clients = self._connect(nodes)
        arrivals = [client.expect(mark) for client in clients]
        await asyncio.gather(*(client.come_back(requests) for client in clients))
        async with asyncio.timeout(SECONDS):
            return await asyncio.gather(*arrivals)

    def expect(self, mark: str) -> asyncio.Future[list[float]]:
        """Return a future with the arrival times of a mark at all clients."""
        return asyncio.gather(*(client.expect(mark) for client in self.clients))

    async def leave(self) -> None:
        """End all streams and connections."""
        await asyncio.gather(*(client.leave() for client in self.clients))
        await asyncio.gather(*(channel.close() for channel in self._channels))
        self.clients, self._channels = [], []

    def _connect(self, nodes: Sequence[Node]) -> list[Client]:
        while len(self._channels) < min(CONNECTIONS, len(self.clients) + len(nodes)):
            self._channels.append(open_channel(self._port))
        clients = [
            Client(
                self._channels[index % len(self._channels)],
                node,
                held=None if self.clients or index else self.held,
            )
            for index, node in enumerate(nodes)
        ]
        self.clients += clients
        return clients


@asynccontextmanager
async def one_gateway(port: int) -> AsyncIterator[Client]:
    """Connect one gateway with everything; disconnect it on exit."""
    async with Fleet(port) as fleet:
        await fleet.join([gateway_node()])
        yield fleet.clients[0]


_marks = itertools.count(1)


def new_mark(word: str) -> str:
    """Return a unique text that starts with ``word`` and is no substring of another mark."""
    return f"{word}-{next(_marks):06}"
