"""Asks an instance of ModelMesh which of the models that it is to have it has loaded."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Final

import grpc

from straightway.holdings.answers import FailureKind, ModelState, NoAnswerError
from straightway.holdings.apis.replies import printable
from straightway.holdings.http1 import Endpoint, token_of
from straightway.holdings.mesh import model_status_pb2 as messages
from straightway.holdings.mesh import model_status_pb2_grpc as services
from straightway.holdings.pools import Access, Settings, Target

_LARGEST: Final = 2**18
"""The largest answer about one model, in bytes: 4,000 copies."""
_KINDS: Final = {
    grpc.StatusCode.UNAVAILABLE: FailureKind.REFUSED,
    grpc.StatusCode.DEADLINE_EXCEEDED: FailureKind.TIMEOUT,
    grpc.StatusCode.UNAUTHENTICATED: FailureKind.DENIED,
    grpc.StatusCode.PERMISSION_DENIED: FailureKind.DENIED,
    grpc.StatusCode.UNIMPLEMENTED: FailureKind.WRONG_API,
}
_STATES: Final = {
    messages.ModelStatusInfo.LOADED: ModelState.READY,
    messages.ModelStatusInfo.LOADING_FAILED: ModelState.UNAVAILABLE,
}


async def states_of(
    models: Iterable[str], target: Target, instance: str, settings: Settings
) -> dict[str, ModelState]:
    """Return the states of an instance's copies of models, as far as the timeout allows.

    Raises NoAnswerError: if it does not answer at all.
    """
    states: dict[str, ModelState] = {}
    time = asyncio.get_running_loop().time
    end = time() + settings.timeout
    metadata = _metadata(settings.access)
    # Seldom, as only what is new is asked, so no connection is kept.
    async with _channel(target, settings.access) as channel:
        stub = services.ModelMeshStub(channel)
        for model in models:
            if states and time() > end - settings.timeout / 2:
                break
            request = messages.GetStatusRequest(modelId=model)
            try:
                info = await stub.getModelStatus(
                    request, timeout=max(end - time(), 0.001), metadata=metadata
                )
            except grpc.aio.AioRpcError as error:
                raise _failure(target, model, error) from None
            states[model] = _state(info, instance)
    return states


def _state(info: messages.ModelStatusInfo, instance: str) -> ModelState:
    """Return the state of one copy; that of all of them if no copy is told apart."""
    if not info.modelCopyInfos:
        return _STATES.get(info.status, ModelState.LOADING)
    for copy in info.modelCopyInfos:
        if copy.location == instance:
            return _STATES.get(copy.copyStatus, ModelState.LOADING)
    return ModelState.LOADING


def _channel(target: Target, access: Access) -> grpc.aio.Channel:
    address = Endpoint(target.address, target.port).host
    options: list[tuple[str, str | int]] = [("grpc.max_receive_message_length", _LARGEST)]
    if not access.tls:
        return grpc.aio.insecure_channel(address, options=options)
    if access.server_name:
        options.append(("grpc.ssl_target_name_override", access.server_name))
    credentials = grpc.ssl_channel_credentials(root_certificates=access.ca)
    return grpc.aio.secure_channel(address, credentials, options=options)


def _metadata(access: Access) -> tuple[tuple[str, str], ...]:
    if access.token is None:
        return ()
    return (("authorization", f"Bearer {token_of(access).decode()}"),)


def _failure(target: Target, model: str, error: grpc.aio.AioRpcError) -> NoAnswerError:
    kind = _KINDS.get(error.code(), FailureKind.INVALID)
    asked = f"getModelStatus of {printable(model)} at {target.address}:{target.port}"
    return NoAnswerError(kind, f"{asked}: {error.code().name}: {printable(error.details() or '')}")
