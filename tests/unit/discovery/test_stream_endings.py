import asyncio

import grpc
import pytest
from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest

from straightway.discovery import CLUSTER, Cache, Callbacks, Closed, Settings, Variant
from straightway.discovery.callbacks import Events
from straightway.discovery.stream import Ending, Stream
from tests.support import virtual_time
from tests.support.conversation import resources
from tests.support.transport import FakeTransport


def stream(
    transport: FakeTransport | None = None, cache: Cache | None = None, *callbacks: Callbacks
) -> Stream:
    return Stream(
        Variant.DELTA,
        transport or FakeTransport(),
        cache or Cache(),
        lambda node: node.cluster,
        Events(callbacks),
        Settings(stuck_after=30.0),
    )


async def test_a_cancelled_stream_is_cancelled_and_does_not_end_well():
    serving = asyncio.create_task(stream().run())
    await asyncio.sleep(0)
    serving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await serving


async def test_a_stream_without_a_request_has_no_key_to_compute_again():
    stream().rekey()


def test_a_client_that_reads_nothing_is_told_how_long_that_was():
    class FullTransport(FakeTransport):
        async def write(self, message: bytes) -> None:
            await asyncio.Event().wait()

    async def main() -> Ending:
        transport, cache = FullTransport(), Cache()
        cache.set("", {CLUSTER: resources(CLUSTER, "a")})
        transport.requests.put_nowait(DeltaDiscoveryRequest(type_url=CLUSTER).SerializeToString())
        return await stream(transport, cache).run()

    ending = virtual_time.run(main())
    assert ending.reason is Closed.STUCK
    assert ending.code is grpc.StatusCode.ABORTED
    assert "30 s" in ending.details


def test_a_client_that_has_read_everything_stays_though_nothing_happens_for_long():
    async def main() -> Ending:
        transport, cache = FakeTransport(), Cache()
        cache.set("", {CLUSTER: resources(CLUSTER, "a")})
        transport.requests.put_nowait(DeltaDiscoveryRequest(type_url=CLUSTER).SerializeToString())
        serving = asyncio.create_task(stream(transport, cache).run())
        await asyncio.sleep(1000)
        assert len(transport.responses) == 1
        transport.requests.put_nowait(grpc.aio.EOF)
        return await serving

    assert virtual_time.run(main()).reason is Closed.GONE
