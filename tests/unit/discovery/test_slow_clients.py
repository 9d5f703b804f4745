import asyncio
import gc

from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest
from grpc.aio import EOF

from straightway.discovery import CLUSTER, Cache, Settings, Variant
from straightway.discovery.callbacks import Events
from straightway.discovery.stream import Stream
from straightway.discovery.table import Change
from tests.support.conversation import decode, resource, resources
from tests.support.waiting import eventually_async


class SlowTransport:
    """A client that asks for everything, and reads one response when the test says so."""

    def __init__(self) -> None:
        self.requests: asyncio.Queue[object] = asyncio.Queue()
        self.requests.put_nowait(DeltaDiscoveryRequest(type_url=CLUSTER).SerializeToString())
        self.written: list[bytes] = []
        self.reads = asyncio.Semaphore(0)

    async def read(self) -> object:
        return await self.requests.get()

    async def write(self, message: bytes) -> None:
        self.written.append(message)
        await self.reads.acquire()

    def peer(self) -> str:
        return "test"


async def test_what_a_client_misses_is_kept_as_one_difference_and_not_change_by_change():
    changes = 5000
    cache, transport = Cache(), SlowTransport()
    cache.set("key", {CLUSTER: resources(CLUSTER, "changes", "stays")})
    stream = Stream(Variant.DELTA, transport, cache, lambda _: "key", Events(), Settings())
    serving = asyncio.create_task(stream.run())
    await eventually_async(lambda: len(transport.written) == 1)

    for number in range(changes):
        came = [resource(CLUSTER, "changes", f"v{number}"), resource(CLUSTER, f"passes {number}")]
        cache.update("key", {CLUSTER: (came, [f"passes {number - 1}"])})
    assert len(changes_in_memory()) <= 1000 + 3  # Of 15,000.
    assert sum(len(each._progress.outdated) for each in stream._session._in_push_order) <= 3

    transport.reads.release()
    await eventually_async(lambda: len(transport.written) == 2)
    answer = decode(Variant.DELTA, transport.written[1])
    last = changes - 1
    assert answer.resources == {"changes": f"v{last}", f"passes {last}": "1"}
    assert answer.removed == ()

    transport.reads.release()
    transport.requests.put_nowait(EOF)
    await serving


def changes_in_memory() -> list[Change]:
    """Changes of what the test alone names so."""
    return [
        each
        for each in gc.get_objects()
        if isinstance(each, Change) and each.name.startswith(("changes", "passes"))
    ]
