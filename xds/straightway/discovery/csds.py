"""The client status discovery service (CSDS): the connected clients, and what they have.

It responds like a management server, from what it knows about its clients; see
https://www.envoyproxy.io/docs/envoy/latest/api-v3/service/status/v3/csds.proto. Resources are
reported by name and version, never with their contents: those may be secrets.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from typing import Final, TypeAlias

import grpc
from envoy.admin.v3.config_dump_shared_pb2 import UpdateFailureState
from envoy.config.core.v3.base_pb2 import Node
from envoy.service.status.v3 import csds_pb2
from envoy.service.status.v3.csds_pb2 import (
    ClientConfig,
    ClientStatusRequest,
    ClientStatusResponse,
)

from straightway.discovery import rpc
from straightway.discovery.access import Access
from straightway.discovery.client import Rejection, TypeState
from straightway.discovery.node_matchers import UnsupportedMatcherError, predicate
from straightway.discovery.status import ResourceState, ResourceStatus
from straightway.discovery.stream import Stream

SERVICE_NAME: Final[str] = csds_pb2.DESCRIPTOR.services_by_name[
    "ClientStatusDiscoveryService"
].full_name

_LONGEST_DETAILS: Final = 1000
"""The reported characters of an error message, which is repeated for each rejected resource."""

_STATUSES: Final[Mapping[ResourceState, tuple[str, str]]] = {
    ResourceState.REQUESTED: ("NOT_SENT", "REQUESTED"),
    ResourceState.ABSENT: ("NOT_SENT", "DOES_NOT_EXIST"),
    ResourceState.UNSENT: ("NOT_SENT", "REQUESTED"),
    ResourceState.OUTDATED: ("NOT_SENT", "ACKED"),
    ResourceState.UNANSWERED: ("STALE", "UNKNOWN"),
    ResourceState.ACCEPTED: ("SYNCED", "ACKED"),
    ResourceState.REJECTED: ("ERROR", "NACKED"),
}
"""A resource's ConfigStatus, the server's view, and its ClientResourceStatus, the client's."""

_Context: TypeAlias = grpc.aio.ServicerContext[ClientStatusRequest, ClientStatusResponse]


class TooManyResourcesError(Exception):
    """The response would be larger than allowed."""


class ClientStatusService:
    """Reports the clients of the streams that ``streams`` returns.

    All streams of one connection with the same node id are one client. A response of more than
    ``limit`` clients and resources fails with RESOURCE_EXHAUSTED; narrow it with matchers. A status
    stream is closed if its client leaves a response unread for ``stuck_after`` seconds.
    """

    def __init__(
        self,
        streams: Callable[[], Iterable[Stream]],
        *,
        limit: int,
        stuck_after: float,
        access: Access,
    ) -> None:
        self._streams = streams
        self._limit = limit
        self._stuck_after = stuck_after
        self._access = access

    def handlers(self) -> grpc.GenericRpcHandler:
        """Return the service's methods, to be registered with a server."""
        stream = grpc.stream_stream_rpc_method_handler(
            self._stream,
            request_deserializer=ClientStatusRequest.FromString,
            response_serializer=ClientStatusResponse.SerializeToString,
        )
        fetch = grpc.unary_unary_rpc_method_handler(
            self._fetch,
            request_deserializer=ClientStatusRequest.FromString,
            response_serializer=ClientStatusResponse.SerializeToString,
        )
        methods = {"StreamClientStatus": stream, "FetchClientStatus": fetch}
        return grpc.method_handlers_generic_handler(SERVICE_NAME, methods)

    async def _stream(
        self, requests: AsyncIterator[ClientStatusRequest], context: _Context
    ) -> None:
        await rpc.begin(context)
        await self._access.check_sees_clients(context)
        async for request in requests:
            response = await self._respond(request, context)
            try:
                async with asyncio.timeout(self._stuck_after):
                    await context.write(response)
            except TimeoutError:
                details = f"nothing was read for {self._stuck_after:g} s"
                await rpc.abort(context, grpc.StatusCode.ABORTED, details)
                return
            except grpc.aio.BaseError:
                return  # The client has gone.

    async def _fetch(self, request: ClientStatusRequest, context: _Context) -> ClientStatusResponse:
        await self._access.check_sees_clients(context)
        return await self._respond(request, context)

    async def _respond(
        self, request: ClientStatusRequest, context: _Context
    ) -> ClientStatusResponse:
        try:
            return await self._answer(predicate(request.node_matchers))
        except UnsupportedMatcherError as error:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
        except TooManyResourcesError as error:
            await context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, str(error))

    async def _answer(self, is_wanted: Callable[[Node], bool]) -> ClientStatusResponse:
        response = ClientStatusResponse()
        clients: dict[tuple[str, str], ClientConfig] = {}
        count = 0
        for stream in self._streams():
            await asyncio.sleep(0)  # So that other work is done in between.
            client = stream.client
            if client is None or not is_wanted(stream.node):
                continue
            key = (client.node_id, client.peer)
            config = clients.get(key) or response.config.add(node=stream.node)
            clients[key] = config
            count += 1
            for type_url, statuses in stream.statuses():
                count += len(statuses)
                if count > self._limit:
                    raise TooManyResourcesError(
                        f"more than {self._limit} clients and resources: use node_matchers"
                    )
                _add(config, type_url, statuses, client.types.get(type_url))
                await asyncio.sleep(0)
        return response


def _add(
    config: ClientConfig,
    type_url: str,
    statuses: Iterable[ResourceStatus],
    state: TypeState | None,
) -> None:
    rejection = None if state is None else state.rejected
    error = None if rejection is None else _error_state(rejection)
    for name, version, resource_state in statuses:
        config_status, client_status = _STATUSES[resource_state]
        config.generic_xds_configs.add(
            type_url=type_url,
            name=name,
            version_info=version,
            config_status=config_status,
            client_status=client_status,
            error_state=error if resource_state is ResourceState.REJECTED else None,
        )


def _error_state(rejection: Rejection) -> UpdateFailureState:
    return UpdateFailureState(
        details=rejection.message[:_LONGEST_DETAILS],
        version_info=rejection.version,
        last_update_attempt=rejection.at,
    )
