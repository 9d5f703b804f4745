"""How a stream of the client status discovery service ends without its client's help."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import Any, NoReturn

import grpc
import pytest
from envoy.service.status.v3.csds_pb2 import ClientStatusRequest

from straightway.discovery import Cache, DiscoveryServer, Settings
from straightway.discovery.csds import SERVICE_NAME
from tests.support import virtual_time


class AbortedError(Exception):
    """The stream was ended with a status."""


class Context:
    """The server's side of a stream, on which `write` does as the test says."""

    def __init__(self, write: Callable[[], Awaitable[object]]) -> None:
        self._write = write

    async def send_initial_metadata(self, _metadata: object) -> None:
        pass

    async def write(self, _response: object) -> None:
        await self._write()

    async def abort(self, code: grpc.StatusCode, details: str) -> NoReturn:
        raise AbortedError(code, details)


class Details(grpc.HandlerCallDetails):
    method = f"/{SERVICE_NAME}/StreamClientStatus"
    invocation_metadata = ()


class Listener:
    """The part of a gRPC server with which services are registered."""

    def __init__(self) -> None:
        self.handlers: list[grpc.GenericRpcHandler] = []

    def add_generic_rpc_handlers(self, handlers: Iterable[grpc.GenericRpcHandler]) -> None:
        self.handlers += handlers

    def add_registered_method_handlers(self, _service: str, _handlers: object) -> None:
        pass


async def serve(write: Callable[[], Awaitable[object]]) -> None:
    """Serve a client that has sent one request and keeps the stream open."""

    async def requests() -> AsyncIterator[ClientStatusRequest]:
        yield ClientStatusRequest()
        await asyncio.Event().wait()

    listener: Any = Listener()
    settings = Settings(stuck_after=30.0)
    DiscoveryServer(Cache(), lambda node: node.id, settings=settings).add_to(listener)
    handler: Any = next(filter(None, (each.service(Details()) for each in listener.handlers)))
    await handler.stream_stream(requests(), Context(write))


def test_a_client_that_does_not_read_is_closed_with_the_reason():
    async def never() -> None:
        await asyncio.Event().wait()

    with pytest.raises(AbortedError) as raised:
        virtual_time.run(serve(never))
    code, details = raised.value.args
    assert code is grpc.StatusCode.ABORTED
    assert "30 s" in details


def test_a_client_that_goes_while_it_is_sent_something_is_no_error():
    async def fail() -> None:
        raise grpc.aio.InternalError("no connection")

    virtual_time.run(serve(fail))
