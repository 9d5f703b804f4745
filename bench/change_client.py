"""Delta clients that subscribe like an Envoy and report when a change arrives.

A client follows references: it subscribes to the endpoints of its clusters and to the routes of its
listeners. It decodes only names. So a benchmark puts a unique text, the mark, into a change, and
the client searches the bytes of the responses for it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Final, Self

import grpc
from envoy.config.cluster.v3.cluster_pb2 import Cluster
from envoy.config.core.v3.base_pb2 import Node
from envoy.config.listener.v3.listener_pb2 import Listener
from envoy.extensions.filters.network.http_connection_manager.v3 import (
    http_connection_manager_pb2,
)
from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryResponse

from bench.config import SELECTOR
from bench.streams import DeltaStream, ack, request
from straightway.discovery import (
    CLUSTER,
    CLUSTER_LOAD_ASSIGNMENT,
    LISTENER,
    ROUTE_CONFIGURATION,
)

SECONDS = 120.0
"""How long anything may take before the benchmark fails."""

Held = dict[str, dict[str, str]]
"""The versions of the resources that a client holds, by type URL and name."""

_WILDCARDS: Final = (CLUSTER, LISTENER)
_NAMED: Final = {CLUSTER: CLUSTER_LOAD_ASSIGNMENT, LISTENER: ROUTE_CONFIGURATION}
"""What the resources of a type refer to."""


def gateway_node(index: int = 0) -> Node:
    """Return the node of a replica of the gateway."""
    pod = f"router~10.0.{index // 250}.{index % 250 + 1}~gateway-{index}.istio-system"
    node = Node(id=f"{pod}~istio-system.svc.cluster.local")
    node.metadata.update({"LABELS": SELECTOR})
    return node


def sidecar_node(namespace: str) -> Node:
    """Return the node of a sidecar in a namespace."""
    return Node(id=f"sidecar~10.0.0.1~app-1.{namespace}~{namespace}.svc.cluster.local")


class Client:
    """One stream and the state of its client; an asynchronous context that ends the stream."""

    def __init__(self, channel: grpc.aio.Channel, node: Node, *, held: Held | None = None) -> None:
        """Open the stream without sending anything. Responses fill ``held``."""
        self.held = held
        """What it holds now; None if it does not record it."""
        self.first: list[bytes] = []
        """If it records them: the responses up to the one that completed the config."""
        self.last = b""
        """The last response with the mark."""
        self._stream = DeltaStream(channel, node)
        self._writing = asyncio.Lock()
        self._unanswered = set(_WILDCARDS)
        self._asked: dict[str, set[str]] = {url: set() for url in _NAMED.values()}
        self._missing: dict[str, set[str]] = {url: set() for url in _NAMED.values()}
        self._has_all = asyncio.Event()
        self._mark = b""
        self._arrival: asyncio.Future[float] | None = None
        self._following: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Return it."""
        return self

    async def __aexit__(self, *_exception: object) -> None:
        """End the stream."""
        await self.leave()

    async def start(self) -> None:
        """Subscribe to everything like a new Envoy, and wait until it arrives."""
        self._follow_from_now_on()
        for type_url in _WILDCARDS:
            await self._say(request(type_url))
        async with asyncio.timeout(SECONDS):
            await self._has_all.wait()

    async def come_back(self, requests: Iterable[bytes]) -> None:
        """Send the held versions (:func:`returning`) and continue from there."""
        self._has_all.set()
        self._follow_from_now_on()
        for each in requests:
            await self._say(each)

    def expect(self, mark: str) -> asyncio.Future[float]:
        """Return a future with the arrival time of a mark (time.monotonic)."""
        self._mark = mark.encode()
        self._arrival = asyncio.get_running_loop().create_future()
        return self._arrival

    async def leave(self) -> None:
        """End the stream."""
        if self._following is not None:
            self._following.cancel()
        self._stream.cancel()

    def _follow_from_now_on(self) -> None:
        self._following = asyncio.create_task(self._follow())
        self._following.add_done_callback(self._pass_on_failure)

    def _pass_on_failure(self, following: asyncio.Task[None]) -> None:
        if following.cancelled() or (error := following.exception()) is None:
            return
        if self._arrival is not None and not self._arrival.done():
            self._arrival.set_exception(error)

    async def _follow(self) -> None:
        while True:
            data = await self._stream.read()
            arrived = time.monotonic()
            if self._arrival is not None and not self._arrival.done() and self._mark in data:
                self.last = data
                self._arrival.set_result(arrived)
            response = DeltaDiscoveryResponse.FromString(data)
            await self._say(ack(response))
            if self.held is not None:
                self._note(self.held, data, response)
            await self._ask_for_what_is_named(response)
            if not self._has_all.is_set():
                self._check_off(response)

    def _note(self, held: Held, data: bytes, response: DeltaDiscoveryResponse) -> None:
        if not self._has_all.is_set():
            self.first.append(data)
        versions = held.setdefault(response.type_url, {})
        versions.update((each.name, each.version) for each in response.resources)
        for name in response.removed_resources:
            versions.pop(name, None)

    async def _ask_for_what_is_named(self, response: DeltaDiscoveryResponse) -> None:
        if (type_url := _NAMED.get(response.type_url)) is None:
            return
        names = {name for each in response.resources for name in _names_in(each.resource)}
        if new := names - self._asked[type_url]:
            self._asked[type_url] |= new
            self._missing[type_url] |= new
            await self._say(request(type_url, new))

    def _check_off(self, response: DeltaDiscoveryResponse) -> None:
        self._unanswered.discard(response.type_url)
        if (missing := self._missing.get(response.type_url)) is not None:
            missing.difference_update(each.name for each in response.resources)
            missing.difference_update(response.removed_resources)
        if not self._unanswered and not any(self._missing.values()):
            self._has_all.set()

    async def _say(self, message: bytes) -> None:
        # A call takes one message at a time, and the first response may come while the first
        # requests are still being written.
        async with self._writing:
            await self._stream.write(message)


def returning(held: Held) -> list[bytes]:
    """Return the requests of a client that reconnects with this state."""
    wildcards = [request(url, versions=held[url]) for url in _WILDCARDS]
    named = [request(url, held[url], held[url]) for url in _NAMED.values()]
    return [wildcards[0], named[0], wildcards[1], named[1]]


def _names_in(resource: Any) -> tuple[str, ...]:
    """Return what a cluster or listener refers to: its assignment or its routes."""
    return _decoded(resource.type_url, resource.value)


@lru_cache(maxsize=100_000)
def _decoded(type_url: str, value: bytes) -> tuple[str, ...]:
    # Many clients receive the same bytes.
    if type_url == CLUSTER:
        cluster = Cluster.FromString(value)
        if cluster.type != Cluster.EDS:
            return ()
        return (cluster.eds_cluster_config.service_name or cluster.name,)
    listener = Listener.FromString(value)
    chains = [*listener.filter_chains, listener.default_filter_chain]
    manager_of = http_connection_manager_pb2.HttpConnectionManager
    managers = [
        manager_of.FromString(each.typed_config.value)
        for chain in chains
        for each in chain.filters
        if each.typed_config.type_url.endswith(f".{manager_of.DESCRIPTOR.name}")
    ]
    return tuple(manager.rds.route_config_name for manager in managers if manager.HasField("rds"))
