"""An instance of ModelMesh that says which models it has loaded."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import grpc

from straightway.holdings.mesh import model_status_pb2 as messages
from straightway.holdings.mesh import model_status_pb2_grpc as services

Info = messages.ModelStatusInfo


class MeshInstance(services.ModelMeshServicer):  # type: ignore[misc]  # untyped
    """Answers by `copies`: (model, instance) → state; `asked` are the models, in order.

    `failure` is a status with which it fails instead.
    """

    def __init__(self) -> None:
        self.copies: dict[tuple[str, str], messages.ModelStatusInfo.ModelStatus] = {}
        self.asked: list[str] = []
        self.failure: grpc.StatusCode | None = None
        self._server = grpc.server(ThreadPoolExecutor(2))
        services.add_ModelMeshServicer_to_server(self, self._server)
        self.port = self._server.add_insecure_port("127.0.0.1:0")
        self._server.start()

    def getModelStatus(  # noqa: N802
        self, request: messages.GetStatusRequest, context: grpc.ServicerContext
    ) -> messages.ModelStatusInfo:
        self.asked.append(request.modelId)
        if self.failure is not None:
            context.abort(self.failure, "as the test says")
        info = Info()
        for (model, instance), state in self.copies.items():
            if model == request.modelId:
                info.modelCopyInfos.add(location=instance, copyStatus=state)
                info.status = state
        return info

    def close(self) -> None:
        self._server.stop(None).wait()
