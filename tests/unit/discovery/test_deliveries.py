"""How far a client has come: whether all was sent, and whether it rejects anything."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest
from google.rpc.status_pb2 import Status
from grpc.aio import EOF

from straightway.discovery import (
    CLUSTER,
    LISTENER,
    ROUTE_CONFIGURATION,
    Cache,
    Delivery,
    Settings,
    Variant,
)
from straightway.discovery.callbacks import Events
from straightway.discovery.stream import Stream
from tests.support.conversation import KEY, Answer, decode, resources
from tests.support.transport import FakeTransport
from tests.support.waiting import eventually_async


class Client:
    """A delta client of one audience, and its stream."""

    def __init__(self, cache: Cache) -> None:
        self.transport = FakeTransport()
        self.stream = Stream(
            Variant.DELTA, self.transport, cache, lambda _: KEY, Events(), Settings()
        )

    @property
    def delivery(self) -> Delivery:
        delivery = self.stream.delivery
        assert delivery is not None
        return delivery

    def ask(self, type_url: str, **fields: Any) -> None:
        request = DeltaDiscoveryRequest(type_url=type_url, **fields)
        self.transport.requests.put_nowait(request.SerializeToString())

    async def response(self, number: int) -> Answer:
        await eventually_async(lambda: len(self.transport.responses) == number)
        return decode(Variant.DELTA, self.transport.responses[-1])


@asynccontextmanager
async def streaming(cache: Cache) -> AsyncIterator[Client]:
    client = Client(cache)
    serving = asyncio.create_task(client.stream.run())
    yield client
    client.transport.requests.put_nowait(EOF)
    await serving


def content(*listeners: str) -> dict[str, Any]:
    return {LISTENER: resources(LISTENER, *listeners)}


async def test_a_client_that_has_said_nothing_has_no_delivery():
    async with streaming(Cache()) as client:
        assert client.stream.delivery is None


async def test_without_a_snapshot_nothing_is_sent():
    async with streaming(Cache()) as client:
        client.ask(LISTENER)
        await eventually_async(lambda: client.stream.delivery is not None)
        assert not client.delivery.is_sent


async def test_everything_is_sent_until_something_changes():
    cache = Cache()
    cache.set(KEY, content("a"))
    async with streaming(cache) as client:
        client.ask(LISTENER)
        await client.response(1)
        assert client.delivery[1:] == (True, False, False)
        cache.set(KEY, content("a@2"))
        assert not client.delivery.is_sent
        await client.response(2)
        assert client.delivery.is_sent


async def test_a_rejection_stands_until_what_was_rejected_is_replaced():
    cache = Cache()
    cache.set(KEY, content("a"))
    async with streaming(cache) as client:
        client.ask(LISTENER)
        first = await client.response(1)
        client.ask(LISTENER, response_nonce=first.nonce, error_detail=Status(code=3, message="no"))
        await eventually_async(lambda: client.delivery.rejects)
        cache.set(KEY, content("a@2"))
        second = await client.response(2)
        assert not client.delivery.rejects
        client.ask(LISTENER, response_nonce=second.nonce)
        await eventually_async(lambda: client.delivery.client.types[LISTENER].acked is not None)
        assert client.delivery.is_sent


async def test_routes_are_there_whether_a_client_asks_for_them_or_not():
    cache = Cache()
    cache.set(KEY, content("a") | {ROUTE_CONFIGURATION: resources(ROUTE_CONFIGURATION, "r")})
    async with streaming(cache) as client:
        client.ask(CLUSTER)
        client.ask(LISTENER)
        await eventually_async(lambda: client.stream.delivery is not None)
        assert client.delivery.has_routes
