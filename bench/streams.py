"""What the clients of all benchmarks share: connections, and the messages of a delta stream of ADS.

A client of a thousand must cost little, so streams carry bytes: a request that many clients send is
encoded once, and a response is decoded only where its content counts.

The connections have gRPC's own flow control. Envoy's windows (16 MiB per stream, 24 MiB per
connection) were measured instead, for messages of 490 KB and of 745 B: the CPU time of the server
was the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

import grpc
from envoy.config.core.v3.base_pb2 import Node
from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest, DeltaDiscoveryResponse

ADS: Final = "/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources"

CONNECTIONS: Final = 20
"""The connections that many clients share."""

_CHANNEL_OPTIONS: Final = (
    # Channels with the same options would share a connection.
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.max_receive_message_length", -1),
)


def open_channel(port: int) -> grpc.aio.Channel:
    """Open a separate connection to a server on this machine."""
    return grpc.aio.insecure_channel(f"127.0.0.1:{port}", options=_CHANNEL_OPTIONS)


class DeltaStream:
    """A stream of bytes; its first message carries the node."""

    def __init__(self, channel: grpc.aio.Channel, node: Node, method: str = ADS) -> None:
        """Open the stream without sending anything."""
        self._call: grpc.aio.StreamStreamCall[bytes, bytes] = channel.stream_stream(method)()
        self._node = _encoded(DeltaDiscoveryRequest(node=node))

    async def write(self, message: bytes, *, mark: bytes = b"") -> None:
        """Send a message, after a mark for a server that does not decode it."""
        # The fields of an encoded message may come in any order.
        node, self._node = self._node, b""
        await self._call.write(mark + node + message)

    async def read(self) -> bytes:
        """Return the next message; raise ConnectionError if the server has ended the stream."""
        data = await self._call.read()
        if not isinstance(data, bytes):
            raise ConnectionError(f"the server has ended a stream: {await self._call.code()}")
        return data

    def cancel(self) -> None:
        """End the stream."""
        self._call.cancel()


def request(
    type_url: str, names: Iterable[str] = (), versions: Mapping[str, str] = MappingProxyType({})
) -> bytes:
    """Return a request for more names of a type, from a client that holds these versions."""
    return _encoded(
        DeltaDiscoveryRequest(
            type_url=type_url, resource_names_subscribe=names, initial_resource_versions=versions
        )
    )


def ack(response: DeltaDiscoveryResponse) -> bytes:
    """Return the request that accepts a response."""
    return _encoded(
        DeltaDiscoveryRequest(type_url=response.type_url, response_nonce=response.nonce)
    )


def _encoded(message: DeltaDiscoveryRequest) -> bytes:
    encoded: bytes = message.SerializeToString()
    return encoded
