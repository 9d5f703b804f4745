"""The gRPC services of a runtime: the Open Inference Protocol, and the mesh's own.

gRPC clients and, through Envoy, HTTP clients get two response headers: ``x-served-by`` names the
runtime that computed the answer, and ``x-rerouted`` says whether the mesh forwarded the request.
"""

from __future__ import annotations

from typing import NoReturn, TypeVar

import grpc
from grpc.aio import ServicerContext

from demo import tensors
from demo.mesh import Mesh
from demo.model_mesh_pb2 import (
    LoadRequest,
    LoadResponse,
    StatusRequest,
    StatusResponse,
    UnloadRequest,
    UnloadResponse,
)
from demo.model_mesh_pb2_grpc import ModelMeshServicer
from demo.models import UnknownModelError
from demo.peers import FORWARDED_BY, MODEL_ID
from demo.tensors import InvalidTensorError
from straightway.openinference.open_inference_pb2 import (
    ModelInferRequest,
    ModelInferResponse,
    ModelMetadataRequest,
    ModelMetadataResponse,
    ModelReadyRequest,
    ModelReadyResponse,
    ServerLiveRequest,
    ServerLiveResponse,
    ServerMetadataRequest,
    ServerMetadataResponse,
    ServerReadyRequest,
    ServerReadyResponse,
)
from straightway.openinference.open_inference_pb2_grpc import GRPCInferenceServiceServicer

SERVED_BY = "x-served-by"
REROUTED = "x-rerouted"
VERSION = "1"

_Request = TypeVar("_Request")
_Response = TypeVar("_Response")


class InferenceService(GRPCInferenceServiceServicer):  # type: ignore[misc]
    """The Open Inference Protocol v2 in front of a mesh."""

    def __init__(self, mesh: Mesh) -> None:
        self._mesh = mesh

    async def ModelInfer(  # noqa: N802
        self,
        request: ModelInferRequest,
        context: ServicerContext[ModelInferRequest, ModelInferResponse],
    ) -> ModelInferResponse:
        """Run a model; the response headers name the runtime that did."""
        metadata = dict(context.invocation_metadata() or ())
        model = str(metadata.get(MODEL_ID) or request.model_name)
        try:
            _check_version(request.model_version)
            answer = await self._mesh.infer(request, model, forwarded=FORWARDED_BY in metadata)
        except (UnknownModelError, InvalidTensorError) as error:
            await _refuse(error, context)
        except grpc.aio.AioRpcError as error:
            await context.abort(error.code(), error.details() or "")
        await context.send_initial_metadata(
            ((SERVED_BY, answer.served_by), (REROUTED, str(answer.rerouted).lower()))
        )
        return answer.response

    async def ModelReady(  # noqa: N802
        self,
        request: ModelReadyRequest,
        context: ServicerContext[ModelReadyRequest, ModelReadyResponse],
    ) -> ModelReadyResponse:
        """Return whether some runtime holds a model."""
        try:
            _check_version(request.version)
            return ModelReadyResponse(ready=await self._mesh.is_ready(request.name))
        except UnknownModelError as error:
            await _refuse(error, context)

    async def ModelMetadata(  # noqa: N802
        self,
        request: ModelMetadataRequest,
        context: ServicerContext[ModelMetadataRequest, ModelMetadataResponse],
    ) -> ModelMetadataResponse:
        """Describe the tensors of a model; all models have the same."""
        try:
            _check_version(request.version)
            await self._mesh.is_ready(request.name)
        except UnknownModelError as error:
            await _refuse(error, context)
        return ModelMetadataResponse(
            name=request.name,
            versions=[VERSION],
            platform="sklearn",
            inputs=[tensors.INPUT],
            outputs=[tensors.OUTPUT],
        )

    async def ServerLive(  # noqa: N802
        self,
        request: ServerLiveRequest,
        context: ServicerContext[ServerLiveRequest, ServerLiveResponse],
    ) -> ServerLiveResponse:
        """Return true: answering proves it."""
        return ServerLiveResponse(live=True)

    async def ServerReady(  # noqa: N802
        self,
        request: ServerReadyRequest,
        context: ServicerContext[ServerReadyRequest, ServerReadyResponse],
    ) -> ServerReadyResponse:
        """Return true: a runtime loads models on demand."""
        return ServerReadyResponse(ready=True)

    async def ServerMetadata(  # noqa: N802
        self,
        request: ServerMetadataRequest,
        context: ServicerContext[ServerMetadataRequest, ServerMetadataResponse],
    ) -> ServerMetadataResponse:
        """Name this runtime."""
        return ServerMetadataResponse(name=self._mesh.name, version=VERSION)


class MeshService(ModelMeshServicer):  # type: ignore[misc]
    """Status, load and unload, for the scenario."""

    def __init__(self, mesh: Mesh) -> None:
        self._mesh = mesh

    async def Status(  # noqa: N802
        self, request: StatusRequest, context: ServicerContext[StatusRequest, StatusResponse]
    ) -> StatusResponse:
        """Return what this runtime holds, and its counters."""
        return StatusResponse(
            runtime=self._mesh.name,
            held=self._mesh.shelf.held,
            published=self._mesh.shelf.published,
            served=self._mesh.served,
            rerouted=self._mesh.rerouted,
        )

    async def Load(  # noqa: N802
        self, request: LoadRequest, context: ServicerContext[LoadRequest, LoadResponse]
    ) -> LoadResponse:
        """Load a model and publish it."""
        try:
            await self._mesh.shelf.load(request.model)
        except UnknownModelError as error:
            await _refuse(error, context)
        return LoadResponse()

    async def Unload(  # noqa: N802
        self, request: UnloadRequest, context: ServicerContext[UnloadRequest, UnloadResponse]
    ) -> UnloadResponse:
        """Withdraw a model, drain it, drop it."""
        await self._mesh.shelf.unload(request.model)
        return UnloadResponse()


def _check_version(version: str) -> None:
    if version not in ("", VERSION):
        raise UnknownModelError(f"no version {version!r}; use {VERSION} or leave it out")


async def _refuse(error: Exception, context: ServicerContext[_Request, _Response]) -> NoReturn:
    unknown = isinstance(error, UnknownModelError)
    code = grpc.StatusCode.NOT_FOUND if unknown else grpc.StatusCode.INVALID_ARGUMENT
    await context.abort(code, str(error))
