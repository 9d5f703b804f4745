"""``python -m bench.discovery_server PORT CLUSTERS``: the discovery server that is measured."""

from __future__ import annotations

import asyncio
import itertools
import sys
import time

import grpc

from bench.discovery_content import assignment, cluster, large_clusters
from bench.server_process import serve
from straightway.discovery import (
    CLUSTER,
    CLUSTER_LOAD_ASSIGNMENT,
    Cache,
    Callbacks,
    ClientState,
    DiscoveryServer,
    Resource,
    grpc_options,
)
from straightway.discovery.session import Received

_KEY = "all"
"""The key of the one audience."""


class Content(Callbacks):
    """Changes the served resources on command and counts the requests."""

    def __init__(self, clusters: int) -> None:
        """Fill the cache."""
        self.cache = Cache()
        self._received = 0
        self._changes = itertools.count(1)
        served = {
            CLUSTER: [*map(cluster, range(clusters)), *large_clusters()],
            CLUSTER_LOAD_ASSIGNMENT: map(assignment, range(clusters)),
        }
        self.cache.set(_KEY, served)

    def request(self, client: ClientState, received: Received) -> None:
        """Count a request."""
        self._received += 1

    def count(self, _argument: bytes) -> bytes:
        """Return the number of requests read."""
        return str(self._received).encode()

    def change_endpoints(self, _argument: bytes) -> bytes:
        """Change one endpoint of one cluster; return the start time."""
        return self._change(CLUSTER_LOAD_ASSIGNMENT, [assignment(0, next(self._changes))])

    def change_clusters(self, _argument: bytes) -> bytes:
        """Change the large clusters; return the start time."""
        return self._change(CLUSTER, large_clusters(next(self._changes)))

    def _change(self, type_url: str, changed: list[Resource]) -> bytes:
        started = time.monotonic()
        self.cache.update(_KEY, {type_url: (changed, ())})
        return repr(started).encode()


async def main(port: int, clusters: int) -> None:
    """Serve until the process is killed."""
    content = Content(clusters)
    server = grpc.aio.server(options=grpc_options())
    DiscoveryServer(content.cache, lambda _node: _KEY, callbacks=[content]).add_to(server)
    methods = {
        "ChangeEndpoints": content.change_endpoints,
        "ChangeClusters": content.change_clusters,
        "Received": content.count,
    }
    await serve(server, port, methods)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
