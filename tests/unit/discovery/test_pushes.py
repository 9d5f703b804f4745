import asyncio

import grpc
from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest

from straightway.discovery import CLUSTER, Cache, Settings, Variant
from straightway.discovery.callbacks import Events
from straightway.discovery.stream import Stream
from tests.support import virtual_time
from tests.support.conversation import resources
from tests.support.discovery import Recorder
from tests.support.transport import FakeTransport


def test_a_push_tells_how_long_it_took_to_make_and_not_how_long_the_client_waited_for_it():
    recorder = Recorder()

    async def main() -> None:
        transport, cache = FakeTransport(), Cache()
        stream = Stream(
            Variant.DELTA, transport, cache, lambda _: "key", Events([recorder]), Settings()
        )
        request = DeltaDiscoveryRequest(type_url=CLUSTER)
        transport.requests.put_nowait(request.SerializeToString())
        serving = asyncio.create_task(stream.run())
        await asyncio.sleep(1000)
        cache.set("key", {CLUSTER: resources(CLUSTER, "a")})
        await asyncio.sleep(1)
        transport.requests.put_nowait(grpc.aio.EOF)
        await serving

    virtual_time.run(main())
    ((_, push),) = recorder.of("pushed")
    assert push.microseconds == 0  # Only waiting takes virtual time.
