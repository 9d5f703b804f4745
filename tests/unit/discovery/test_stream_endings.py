import asyncio

import pytest

from straightway.discovery import Cache, Settings, Variant
from straightway.discovery.callbacks import Events
from straightway.discovery.stream import Stream
from tests.support.transport import FakeTransport


def stream() -> Stream:
    return Stream(
        Variant.DELTA, FakeTransport(), Cache(), lambda node: node.cluster, Events(), Settings()
    )


async def test_a_cancelled_stream_is_cancelled_and_does_not_end_well():
    serving = asyncio.create_task(stream().run())
    await asyncio.sleep(0)
    serving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await serving


async def test_a_stream_without_a_request_has_no_key_to_compute_again():
    stream().rekey()
