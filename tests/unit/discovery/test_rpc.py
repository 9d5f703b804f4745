from typing import Any

import grpc
import pytest

from straightway.discovery import rpc


class Context:
    """The server's side of an RPC, on which everything fails with an error of the test's."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    async def send_initial_metadata(self, _metadata: object) -> None:
        raise self._error

    async def abort(self, _code: grpc.StatusCode, _details: str) -> None:
        raise self._error


async def test_a_client_that_has_gone_is_no_error():
    context: Any = Context(grpc.aio.InternalError("no connection"))
    await rpc.begin(context)
    await rpc.abort(context, grpc.StatusCode.ABORTED, "reason")


async def test_an_rpc_that_is_ended_with_a_status_ends_its_handler():
    context: Any = Context(grpc.aio.AbortError("locally aborted"))
    with pytest.raises(grpc.aio.AbortError):
        await rpc.abort(context, grpc.StatusCode.ABORTED, "reason")
