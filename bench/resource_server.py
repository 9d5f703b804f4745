"""``python -m bench.resource_server PORT``: the discovery library alone, serving given resources.

It takes DeltaDiscoveryResponses that another server has sent, and serves their resources.
"""

from __future__ import annotations

import asyncio
import sys
import time

import grpc
from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryResponse
from envoy.service.discovery.v3.discovery_pb2 import Resource as Wrapper

from bench.server_process import serve
from straightway.discovery import (
    CLUSTER,
    Cache,
    DiscoveryServer,
    Resource,
    grpc_options,
)

_KEY = "all"


class Content:
    """The served resources."""

    def __init__(self) -> None:
        """Start without resources."""
        self.cache = Cache()

    def take(self, response: bytes) -> bytes:
        """Add or change the resources of a response; return the start time."""
        message = DeltaDiscoveryResponse.FromString(response)
        of_type = [_resource(message.type_url, each) for each in message.resources]
        started = time.monotonic()
        if _KEY not in self.cache:
            self.cache.set(_KEY, {})
        self.cache.update(_KEY, {message.type_url: (of_type, ())})
        return repr(started).encode()


def _resource(type_url: str, wrapper: Wrapper) -> Resource:
    return Resource.encoded(
        wrapper.name,
        type_url,
        wrapper.resource.value,
        version=wrapper.version,
        eds_service_name=wrapper.name if type_url == CLUSTER else "",
    )


async def main(port: int) -> None:
    """Serve until the process is killed."""
    content = Content()
    server = grpc.aio.server(options=grpc_options())
    DiscoveryServer(content.cache, lambda _node: _KEY).add_to(server)
    await serve(server, port, {"Take": content.take})


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
