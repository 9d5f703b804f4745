"""Calls from one runtime to another, over connections that are kept."""

from __future__ import annotations

import grpc

from demo.entries import Entry
from straightway.openinference.open_inference_pb2 import ModelInferRequest, ModelInferResponse
from straightway.openinference.open_inference_pb2_grpc import GRPCInferenceServiceStub

# Request metadata: which model, where the request itself does not say (as in KServe ModelMesh) …
MODEL_ID = "mm-model-id"
# … and which runtime sent the request on. Its presence ends the forwarding.
FORWARDED_BY = "x-forwarded-by-runtime"


class Peers:
    """Connections to other runtimes, opened at the first call."""

    def __init__(self) -> None:
        self._channels: dict[str, grpc.aio.Channel] = {}

    async def infer(
        self, peer: Entry, request: ModelInferRequest, model: str, sender: str
    ) -> ModelInferResponse:
        """Let a peer answer a request itself. Raises ``grpc.aio.AioRpcError``."""
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
