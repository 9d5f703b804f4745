"""A thousand Envoys in one process, at minimal cost: delta streams.

Like an Envoy, each client subscribes to all clusters, to the endpoints of each by name, and to all
listeners (there are none), and acknowledges every response. It sends the same messages to the
floor, each prefixed with a mark of one byte.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import grpc
from envoy.config.core.v3.base_pb2 import Node
from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryResponse

from bench.discovery_content import has_eds
from bench.server_process import SECONDS
from bench.streams import CONNECTIONS, DeltaStream, ack, open_channel, request
from straightway.discovery import CLUSTER, CLUSTER_LOAD_ASSIGNMENT, LISTENER

_NO_ANSWER: Final = ""
MARKS: Final = {CLUSTER: b"C", CLUSTER_LOAD_ASSIGNMENT: b"E", LISTENER: b"L", _NO_ANSWER: b"-"}
"""The floor's marks: they select the answer to a message."""

NO_MARKS: Final = dict.fromkeys(MARKS, b"")
"""The discovery server needs none."""

_STARTING_AT_ONCE: Final = 20


@dataclass(frozen=True, slots=True)
class Service:
    """The target of the streams: a port on 127.0.0.1, a method, and the marks that it knows."""

    port: int
    method: str
    marks: Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class Return:
    """A mass reconnect: seconds until the last client was served, and the resources sent."""

    seconds: float
    resources: int


class Stream:
    """One client's stream."""

    def __init__(self, channel: grpc.aio.Channel, service: Service, node_id: str) -> None:
        """Open the stream."""
        self.sent = 0
        """Messages sent."""
        self._marks = service.marks
        self._stream = DeltaStream(channel, Node(id=node_id), service.method)

    async def ask(self, answer: str, message: bytes) -> None:
        """Send a request that expects an answer of a type, or none."""
        self.sent += 1
        await self._stream.write(message, mark=self._marks[answer])

    async def take(self) -> tuple[float, bytes, DeltaDiscoveryResponse]:
        """Acknowledge the next response; return its arrival time, bytes and message."""
        data = await self._stream.read()
        arrived = time.monotonic()
        response = DeltaDiscoveryResponse.FromString(data)
        await self.ask(_NO_ANSWER, ack(response))
        return arrived, data, response


class Clients:
    """Many clients of one service, which all hold the same resources."""

    def __init__(self, service: Service, count: int, tasks: asyncio.TaskGroup) -> None:
        """Prepare the clients; :meth:`start` connects them."""
        self.last: dict[str, bytes] = {}
        """The last response of each type that the first client received."""
        self._service = service
        self._count = count
        self._tasks = tasks
        self._channels: list[grpc.aio.Channel] = []
        self._streams: list[Stream] = []
        self._following: list[asyncio.Task[None]] = []
        self._sent_before = 0
        self._versions: dict[str, dict[str, str]] = {}
        self._missing = 0
        self._nothing_missing = asyncio.Event()
        self._last_arrival = 0.0

    @property
    def sent(self) -> int:
        """Messages sent to the server so far."""
        return self._sent_before + sum(stream.sent for stream in self._streams)

    async def start(self) -> None:
        """Connect a few clients at a time without state, and receive everything."""
        self._connect()
        few = asyncio.Semaphore(_STARTING_AT_ONCE)

        async def start(stream: Stream) -> None:
            async with few:
                await self._start(stream)

        async with asyncio.timeout(SECONDS):
            await asyncio.gather(*map(start, self._streams))
        self._stay()

    def expect(self) -> None:
        """Expect one response on each stream."""
        self._missing = self._count
        self._nothing_missing.clear()

    async def all_have_it(self) -> float:
        """Wait for the expected responses; return when the last one arrived (time.monotonic)."""
        async with asyncio.timeout(SECONDS):
            await self._nothing_missing.wait()
        return self._last_arrival

    async def leave(self) -> None:
        """Close all connections."""
        self._sent_before = self.sent
        for task in self._following:
            task.cancel()
        self._streams.clear()
        await asyncio.gather(*(channel.close() for channel in self._channels))

    async def come_back(self) -> Return:
        """Reconnect all clients at once, each with the resources that it held before."""
        clusters, endpoints = (self._versions[url] for url in (CLUSTER, CLUSTER_LOAD_ASSIGNMENT))
        held = (
            request(CLUSTER, versions=clusters),
            request(CLUSTER_LOAD_ASSIGNMENT, endpoints, endpoints),
        )
        began = time.monotonic()
        self._connect()
        async with asyncio.timeout(SECONDS):
            served = await asyncio.gather(*(_come_back(each, held) for each in self._streams))
        self._stay()
        return Return(
            seconds=max(arrived for arrived, _ in served) - began,
            resources=sum(resources for _, resources in served),
        )

    def _connect(self) -> None:
        self._channels = [open_channel(self._service.port) for _ in range(CONNECTIONS)]
        self._streams = [
            Stream(self._channels[index % CONNECTIONS], self._service, f"envoy-{index}")
            for index in range(self._count)
        ]

    async def _start(self, stream: Stream) -> None:
        await stream.ask(CLUSTER, request(CLUSTER))
        _, data, response = await stream.take()
        self._note(stream, data, response)
        names = [each.name for each in response.resources if has_eds(each.name)]
        await stream.ask(CLUSTER_LOAD_ASSIGNMENT, request(CLUSTER_LOAD_ASSIGNMENT, names))
        _, data, response = await stream.take()
        self._note(stream, data, response)
        await stream.ask(LISTENER, request(LISTENER))
        _, data, response = await stream.take()
        self._note(stream, data, response)

    def _stay(self) -> None:
        self._following = [
            self._tasks.create_task(self._follow(stream)) for stream in self._streams
        ]

    async def _follow(self, stream: Stream) -> None:
        while True:
            arrived, data, response = await stream.take()
            self._note(stream, data, response)
            self._missing -= 1
            if not self._missing:
                self._last_arrival = arrived
                self._nothing_missing.set()

    def _note(self, stream: Stream, data: bytes, response: DeltaDiscoveryResponse) -> None:
        if stream is self._streams[0]:
            self.last[response.type_url] = data
            versions = self._versions.setdefault(response.type_url, {})
            versions.update((each.name, each.version) for each in response.resources)


async def _come_back(stream: Stream, held: Sequence[bytes]) -> tuple[float, int]:
    """Send the held versions and ask for listeners; return the arrival time and the resources sent.

    The server answers for listeners after everything else.
    """
    for each in held:
        await stream.ask(_NO_ANSWER, each)
    await stream.ask(LISTENER, request(LISTENER))
    resources = 0
    while True:
        arrived, _, response = await stream.take()
        resources += len(response.resources)
        if response.type_url == LISTENER:
            return arrived, resources
