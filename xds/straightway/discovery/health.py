"""The gRPC health service: whether clients should use this server.

See https://grpc.io/docs/guides/health-checking/. The official package provides the messages; its
own servicer would let a watcher that does not read block every status change.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import TypeAlias

import grpc
from grpc_health.v1.health_pb2 import (
    HealthCheckRequest,
    HealthCheckResponse,
    HealthListRequest,
    HealthListResponse,
)
from grpc_health.v1.health_pb2_grpc import HealthServicer

_Context: TypeAlias = grpc.aio.ServicerContext[HealthCheckRequest, HealthCheckResponse]
_ListContext: TypeAlias = grpc.aio.ServicerContext[HealthListRequest, HealthListResponse]


class HealthService(HealthServicer):
    """A servicer of ``grpc.health.v1.Health``: one status for the server and all of ``services``.

    It is SERVING until something else is set.
    """

    def __init__(self, services: Iterable[str]) -> None:
        self._services = ("", *services)
        self._is_serving = True
        self._is_closed = False
        self._changed = asyncio.Event()

    def set_serving(self, is_serving: bool) -> None:
        """Set the status to SERVING or NOT_SERVING; has no effect after :meth:`close`."""
        self._is_serving = is_serving and not self._is_closed
        # Waiting watchers have the old event; those writing now will look at it afterwards.
        self._changed.set()
        self._changed = asyncio.Event()

    def close(self) -> None:
        """Report NOT_SERVING from now on, and end all watches with it."""
        self._is_closed = True
        self.set_serving(False)

    async def Check(  # noqa: N802, the name of the gRPC method, as those below.
        self, request: HealthCheckRequest, context: _Context
    ) -> HealthCheckResponse:
        """Return the status of a service; fail with NOT_FOUND for an unknown one."""
        if request.service not in self._services:
            await context.abort(grpc.StatusCode.NOT_FOUND, f"unknown service {request.service!r}")
        return self._response(request.service)

    async def List(  # noqa: N802
        self, _request: HealthListRequest, _context: _ListContext
    ) -> HealthListResponse:
        """Return the status of every service."""
        return HealthListResponse(
            statuses={service: self._response(service) for service in self._services}
        )

    async def Watch(self, request: HealthCheckRequest, context: _Context) -> None:  # noqa: N802
        """Send the status of a service now and whenever it changes."""
        last: HealthCheckResponse | None = None
        while True:
            changed, is_last = self._changed, self._is_closed
            response = self._response(request.service)
            if response != last:
                await context.write(response)
                last = response
            if is_last:
                return
            await changed.wait()

    def _response(self, service: str) -> HealthCheckResponse:
        if service not in self._services:
            return HealthCheckResponse(status=HealthCheckResponse.SERVICE_UNKNOWN)
        if self._is_serving:
            return HealthCheckResponse(status=HealthCheckResponse.SERVING)
        return HealthCheckResponse(status=HealthCheckResponse.NOT_SERVING)
