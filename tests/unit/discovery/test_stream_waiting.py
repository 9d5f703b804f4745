import asyncio
from collections.abc import Mapping

from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest
from grpc.aio import EOF

from straightway.discovery import (
    CLUSTER,
    CLUSTER_LOAD_ASSIGNMENT,
    Cache,
    Settings,
    Variant,
)
from straightway.discovery.callbacks import Events
from straightway.discovery.stream import Stream
from straightway.discovery.table import Table
from tests.support.conversation import resource, resources
from tests.support.transport import FakeTransport
from tests.support.waiting import eventually_async


class CountingCache(Cache):
    """Counts how often somebody looks."""

    looks = 0

    def tables(self, key: object) -> Mapping[str, Table] | None:
        self.looks += 1
        return super().tables(key)


async def test_a_stream_without_content_sleeps_though_something_was_to_be_due():
    cache, transport = CountingCache(), FakeTransport()
    stream = Stream(
        Variant.DELTA, transport, cache, lambda node: "key", Events(), Settings(hold=1000.0)
    )
    serving = asyncio.create_task(stream.run())
    endpoints = resources(CLUSTER_LOAD_ASSIGNMENT, "a")
    clusters = [resource(CLUSTER, "a", eds_service_name="a")]
    cache.set("key", {CLUSTER: clusters, CLUSTER_LOAD_ASSIGNMENT: endpoints})
    transport.requests.put_nowait(DeltaDiscoveryRequest(type_url=CLUSTER).SerializeToString())
    await eventually_async(lambda: len(transport.responses) == 1)
    assert stream._session.deadline is not None

    cache.drop("key")
    stream._session.deadline = 1.0  # Long ago.
    stream._wake()
    await turns(20)
    looks = cache.looks
    await turns(200)
    assert cache.looks == looks

    transport.requests.put_nowait(EOF)
    await serving


async def turns(count: int) -> None:
    """Let the event loop turn so often."""
    for _ in range(count):
        await asyncio.sleep(0)
