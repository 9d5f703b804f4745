"""Begins and ends streaming RPCs, whatever their clients do."""

from __future__ import annotations

from typing import Any

import grpc


async def begin(context: grpc.aio.ServicerContext[Any, Any]) -> None:
    """Send the initial metadata, so that a status can be sent whatever happens afterwards.

    Otherwise gRPC sends it with the first message. While that one is stuck, because the client does
    not read, a status would need the metadata again, which fails: the client would never learn that
    its RPC has ended.
    """
    try:
        await context.send_initial_metadata(())
    except grpc.aio.BaseError:
        return  # The client has gone, as the next read will tell.


async def abort(
    context: grpc.aio.ServicerContext[Any, Any], code: grpc.StatusCode, details: str
) -> None:
    """End an RPC with a status, which a client that does not read gets after what it was sent.

    Raises AbortError, by which gRPC ends the handler; nothing if the client has gone meanwhile.
    """
    try:
        await context.abort(code, details)
    except grpc.aio.AbortError:
        raise
    except grpc.aio.BaseError:
        return
