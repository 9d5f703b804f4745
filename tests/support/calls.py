"""Reading from gRPC calls, whose ``read`` returns a message or an end-of-stream marker."""

from __future__ import annotations

import asyncio
from typing import Any, TypeAlias, TypeVar

import grpc

from tests.support.waiting import DEADLINE

Response = TypeVar("Response")
_Call: TypeAlias = (
    "grpc.aio.UnaryStreamCall[Any, Response] | grpc.aio.StreamStreamCall[Any, Response]"
)


async def read(call: _Call[Response], kind: type[Response]) -> Response:
    """Return the next message of a call, which must not have ended."""
    async with asyncio.timeout(DEADLINE):
        response = await call.read()
    assert isinstance(response, kind), "the call ended"
    return response
