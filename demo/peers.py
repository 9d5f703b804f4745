"""Calls from one runtime to another over persistent connections."""

from __future__ import annotations

import grpc

from demo.entries import Entry
from straightway.openinference.open_inference_pb2 import ModelInferRequest, ModelInferResponse
from straightway.openinference.open_inference_pb2_grpc import GRPCInferenceServiceStub

# Request metadata: the model, if the request itself does not name it (as in KServe ModelMesh) …
MODEL_ID = "mm-model-id"
# … and the runtime that forwarded the request. Its presence prevents another hop.
FORWARDED_BY = "x-forwarded-by-runtime"


class Peers:
    """Connections to other runtimes, opened by the first call."""

    def __init__(self) -> None:
        self._channels: dict[str, grpc.aio.Channel] = {}

    async def infer(
        self, peer: Entry, request: ModelInferRequest, model: str, sender: str
    ) -> ModelInferResponse:
        """Have a peer answer a request itself. Raises ``grpc.aio.AioRpcError``."""
        target = f"{peer.address}:{peer.port}"
        if target not in self._channels:
            self._channels[target] = grpc.aio.insecure_channel(target)
        response: ModelInferResponse = await GRPCInferenceServiceStub(
            self._channels[target]
        ).ModelInfer(request, metadata=((MODEL_ID, model), (FORWARDED_BY, sender)))
        return response

    async def close(self) -> None:
        """Close all connections."""
        for channel in self._channels.values():
            await channel.close()
