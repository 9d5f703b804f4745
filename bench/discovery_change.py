"""The cost of one endpoint's change by the number of clusters: in-process, without a network.

It covers the streams of the discovery server from the update of the cache to the bytes for gRPC,
and on to the ACKs that they read. Two sizes take turns.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Sequence
from typing import Final

from envoy.config.core.v3.base_pb2 import Node
from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest, DeltaDiscoveryResponse

from bench.discovery_content import assignment, cluster, cluster_name
from straightway.discovery import (
    CLUSTER,
    CLUSTER_LOAD_ASSIGNMENT,
    Cache,
    Settings,
    Variant,
)
from straightway.discovery.callbacks import Events
from straightway.discovery.requests import Request
from straightway.discovery.stream import Stream

_STREAMS: Final = 20
_TURNS: Final = 20
_CHANGES_A_TURN: Final = 10
_KEY: Final = "all"


def seconds_a_change(sizes: Sequence[int]) -> list[float]:
    """Return the CPU seconds of one endpoint's change for each number of clusters."""
    return asyncio.run(_measure(sizes))


class _Wire:
    """The transport of one stream, with a client at the other end that sends ACKs."""

    def __init__(self, requests: Sequence[Request]) -> None:
        self.processed = asyncio.Semaphore(0)
        """Counts the requests that the stream has processed."""
        self._is_first = True
        self._requests: asyncio.Queue[bytes] = asyncio.Queue()
        for request in requests:
            self._requests.put_nowait(request.SerializeToString())

    async def read(self) -> bytes:
        """Return the next request; the caller has processed the previous one."""
        if not self._is_first:
            self.processed.release()
        self._is_first = False
        return await self._requests.get()

    async def write(self, message: bytes) -> None:
        """Acknowledge a response."""
        response = DeltaDiscoveryResponse.FromString(message)
        ack = DeltaDiscoveryRequest(type_url=response.type_url, response_nonce=response.nonce)
        self._requests.put_nowait(ack.SerializeToString())

    def peer(self) -> str:
        """Return an address."""
        return "in this process"


class _Server:
    """Streams over some clusters, all up to date with the cache."""

    def __init__(self, clusters: int, tasks: asyncio.TaskGroup) -> None:
        self.cpu_seconds = 0.0
        """The CPU time that the changes have cost."""
        self._changes = itertools.count(1)
        self._cache = Cache()
        served = {
            CLUSTER: map(cluster, range(clusters)),
            CLUSTER_LOAD_ASSIGNMENT: map(assignment, range(clusters)),
        }
        self._cache.set(_KEY, served)
        requests = (
            DeltaDiscoveryRequest(node=Node(id="envoy"), type_url=CLUSTER),
            DeltaDiscoveryRequest(
                type_url=CLUSTER_LOAD_ASSIGNMENT,
                resource_names_subscribe=map(cluster_name, range(clusters)),
            ),
        )
        self._wires = [_Wire(requests) for _ in range(_STREAMS)]
        events, settings = Events(), Settings()
        self._serving = [
            tasks.create_task(
                Stream(Variant.DELTA, wire, self._cache, lambda _: _KEY, events, settings).run()
            )
            for wire in self._wires
        ]

    async def start(self) -> None:
        """Wait until every client has everything: two requests, and two ACKs."""
        await self._wait(requests=4)

    async def change(self) -> None:
        """Change an endpoint, and wait for the ACK of every client."""
        changed = assignment(0, next(self._changes))
        started = time.process_time()
        self._cache.update(_KEY, {CLUSTER_LOAD_ASSIGNMENT: ([changed], ())})
        await self._wait(requests=1)
        self.cpu_seconds += time.process_time() - started

    def stop(self) -> None:
        """End the streams."""
        for serving in self._serving:
            serving.cancel()

    async def _wait(self, *, requests: int) -> None:
        for wire in self._wires:
            for _ in range(requests):
                await wire.processed.acquire()


async def _measure(sizes: Sequence[int]) -> list[float]:
    async with asyncio.TaskGroup() as tasks:
        servers = [_Server(clusters, tasks) for clusters in sizes]
        for server in servers:
            await server.start()
        for _ in range(_TURNS):
            for server in servers:
                for _ in range(_CHANGES_A_TURN):
                    await server.change()
        for server in servers:
            server.stop()
    return [server.cpu_seconds / (_TURNS * _CHANGES_A_TURN) for server in servers]
