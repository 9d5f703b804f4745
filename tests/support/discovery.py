"""A running discovery server, gRPC clients, and a recorder of callbacks."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import grpc
from envoy.config.core.v3.base_pb2 import Node
from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest, DiscoveryRequest

from straightway.certificates import KeyPair
from straightway.discovery import (
    Cache,
    Callbacks,
    ClientState,
    Closed,
    DiscoveryServer,
    Push,
    Variant,
)
from straightway.discovery.requests import Request
from straightway.discovery.session import Received
from tests.support.certificates import AUTHORITY
from tests.support.conversation import Answer, decode
from tests.support.waiting import DEADLINE


class Recorder(Callbacks):
    """Records every callback as a tuple of its name and arguments."""

    def __init__(self) -> None:
        self.events: list[tuple[Any, ...]] = []

    def of(self, name: str) -> list[tuple[Any, ...]]:
        """Return the arguments of all calls of one callback."""
        return [event[1:] for event in self.events if event[0] == name]

    def stream_opened(self, client: ClientState) -> None:
        self.events.append(("opened", client.node_id))

    def stream_closed(self, client: ClientState, reason: Closed) -> None:
        self.events.append(("closed", client.node_id, reason))

    def request(self, client: ClientState, received: Received) -> None:
        self.events.append(("request", client.node_id, received.type_url, received.verdict))

    def pushed(self, client: ClientState, push: Push) -> None:
        self.events.append(("pushed", client.node_id, push))

    def acked(self, client: ClientState, type_url: str, version: str) -> None:
        self.events.append(("acked", client.node_id, type_url, version))

    def nacked(
        self, client: ClientState, type_url: str, error_message: str, names: Sequence[str]
    ) -> None:
        self.events.append(("nacked", client.node_id, type_url, error_message, tuple(names)))

    def audience_wanted(self, key: Hashable) -> None:
        self.events.append(("wanted", key))

    def audience_unused(self, key: Hashable) -> None:
        self.events.append(("unused", key))


def secure_channel(
    port: int, *, authority: KeyPair = AUTHORITY, client: KeyPair | None = None
) -> grpc.aio.Channel:
    """Return a channel over TLS, with connections of its own."""
    credentials = grpc.ssl_channel_credentials(
        authority.certificate,
        client.key if client else None,
        client.certificate if client else None,
    )
    # Channels with equal options would share a connection, and so its handshake.
    options = [("grpc.use_local_subchannel_pool", 1)]
    return grpc.aio.secure_channel(f"localhost:{port}", credentials, options)


_ADS = "/envoy.service.discovery.v3.AggregatedDiscoveryService/"


class WireClient:
    """One stream of the method at a path; the first request carries the node."""

    def __init__(
        self,
        channel: grpc.aio.Channel,
        path: str,
        variant: Variant,
        node_id: str,
        key: str,
        metadata: Sequence[tuple[str, str]] = (),
    ) -> None:
        self._variant = variant
        self.call: grpc.aio.StreamStreamCall[Request, bytes] = channel.stream_stream(
            path, request_serializer=lambda request: request.SerializeToString()
        )(metadata=metadata)
        self._node: Node | None = Node(id=node_id, cluster=key)

    def announce(self, *features: str) -> None:
        """Add client features to the first request."""
        assert self._node is not None
        self._node.client_features.extend(features)

    async def ask(self, type_url: str, *names: str, **fields: Any) -> None:
        """Send a request for `names`; the first one carries the node."""
        node, self._node = self._node, None
        request: DiscoveryRequest | DeltaDiscoveryRequest
        if self._variant is Variant.DELTA:
            request = DeltaDiscoveryRequest(
                type_url=type_url, resource_names_subscribe=names, node=node, **fields
            )
        else:
            request = DiscoveryRequest(type_url=type_url, resource_names=names, node=node, **fields)
        await self.call.write(request)

    async def read(self) -> Answer:
        """Return the next response."""
        async with asyncio.timeout(DEADLINE):
            response = await self.call.read()
        assert isinstance(response, bytes), "the stream ended"
        return decode(self._variant, response)

    async def status(self) -> tuple[grpc.StatusCode, str]:
        """Wait for the end of the stream; return its status code and message."""
        async with asyncio.timeout(DEADLINE):
            return await self.call.code(), await self.call.details()


@dataclass
class Discovery:
    """A discovery server on a free port; the audience key is the node's cluster."""

    cache: Cache
    server: DiscoveryServer
    listener: grpc.aio.Server
    channel: grpc.aio.Channel
    port: int

    def sotw(self, node_id: str = "node", key: str = "audience") -> WireClient:
        """Open an aggregated state-of-the-world stream."""
        return self.stream(_ADS + "StreamAggregatedResources", node_id, key)

    def delta(
        self,
        node_id: str = "node",
        key: str = "audience",
        *,
        channel: grpc.aio.Channel | None = None,
        token: str = "",
    ) -> WireClient:
        """Open an aggregated delta stream."""
        path = _ADS + "DeltaAggregatedResources"
        return self.stream(path, node_id, key, channel=channel, token=token)

    def stream(
        self,
        path: str,
        node_id: str = "node",
        key: str = "audience",
        *,
        channel: grpc.aio.Channel | None = None,
        token: str = "",
    ) -> WireClient:
        """Open a stream of any service; the method name at its path gives the variant."""
        variant = Variant.DELTA if "/Delta" in path else Variant.STATE_OF_THE_WORLD
        metadata = [("authorization", f"Bearer {token}")] if token else []
        return WireClient(channel or self.channel, path, variant, node_id, key, metadata)

    async def stop(self) -> None:
        """Stop everything."""
        await self.channel.close()
        await self.server.close(grace=1.0)
        await self.listener.stop(0)
