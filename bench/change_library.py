"""``python -m bench.change_library PORT``: `straightway.discovery` alone, serving given resources.

It receives them as responses of a control plane, so that both serve the same bytes. ``Load`` and
``Change`` take a DeltaDiscoveryResponse.
"""

from __future__ import annotations

import asyncio
import sys
import time

import grpc
from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryResponse

from bench.server_process import serve
from straightway.discovery import CLUSTER, Cache, DiscoveryServer, Resource, grpc_options

_KEY = "all"
"""The key of the one audience."""


class Library:
    """A cache that the benchmark fills and changes."""

    def __init__(self) -> None:
        """Start without resources."""
        self.cache = Cache()
        self._loaded: dict[str, list[Resource]] = {}

    def load(self, response: bytes) -> bytes:
        """Add the resources of a type; :meth:`serve` publishes them."""
        type_url, resources = _read(response)
        self._loaded.setdefault(type_url, []).extend(resources)
        return b""

    def serve(self, _argument: bytes) -> bytes:
        """Serve the loaded resources."""
        self.cache.set(_KEY, self._loaded)
        return b""

    def change(self, response: bytes) -> bytes:
        """Change some resources; return the start time (time.monotonic)."""
        type_url, resources = _read(response)
        started = time.monotonic()
        self.cache.update(_KEY, {type_url: (resources, ())})
        return repr(started).encode()


def _read(response: bytes) -> tuple[str, list[Resource]]:
    message = DeltaDiscoveryResponse.FromString(response)
    is_cluster = message.type_url == CLUSTER
    return message.type_url, [
        Resource.encoded(
            each.name,
            message.type_url,
            each.resource.value,
            version=each.version,
            eds_service_name=each.name if is_cluster else "",
        )
        for each in message.resources
    ]


async def main(port: int) -> None:
    """Serve until the process is killed."""
    library = Library()
    server = grpc.aio.server(options=grpc_options())
    DiscoveryServer(library.cache, lambda _node: _KEY).add_to(server)
    methods = {"Load": library.load, "Serve": library.serve, "Change": library.change}
    await serve(server, port, methods)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
