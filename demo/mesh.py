"""What makes a runtime part of a model mesh: any runtime accepts a request for any model.

A runtime that holds the model runs it. Otherwise it forwards the request to a runtime that holds
the model, or loads the model itself if no runtime does. A forwarded request is never forwarded
again.
"""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass
from pathlib import Path

import grpc

from demo import models, tensors
from demo.peers import Peers
from demo.registry import Registry
from demo.shelf import Shelf
from straightway.openinference.open_inference_pb2 import ModelInferRequest, ModelInferResponse


@dataclass(frozen=True, slots=True)
class Answer:
    """A response, the runtime that computed it, and whether the request was forwarded."""

    response: ModelInferResponse
    served_by: str
    rerouted: bool


class Mesh:
    """The part of one runtime in the model mesh."""

    def __init__(
        self, name: str, folder: Path, shelf: Shelf, registry: Registry, peers: Peers
    ) -> None:
        """Serve the models in ``folder`` as the runtime ``name``."""
        self.name = name
        self.shelf = shelf
        self.served = 0
        self.rerouted = 0
        self._folder = folder
        self._registry = registry
        self._peers = peers

    async def infer(self, request: ModelInferRequest, model: str, *, forwarded: bool) -> Answer:
        """Run a model, here or on the runtime that holds it.

        ``forwarded`` says that another runtime sent the request. Raises ``UnknownModelError``,
        ``InvalidTensorError``, and ``grpc.aio.AioRpcError`` where another runtime refuses.
        """
        classifier = self.shelf.take(model)
        if classifier is None and not forwarded:
            answer = await self._ask_holder(request, model)
            if answer:
                return answer
        if classifier is None:
            classifier = await self.shelf.load(model)
        images = tensors.images(request)
        digits = await asyncio.to_thread(classifier.predict, images)
        self.served += 1
        return Answer(tensors.response(request, model, digits), self.name, rerouted=False)

    async def is_ready(self, model: str) -> bool:
        """Whether some runtime holds a model. Raises ``UnknownModelError``."""
        await asyncio.to_thread(models.check, self._folder, model)
        here = model in self.shelf.published
        return here or bool(await asyncio.to_thread(self._registry.holders, model))

    async def _ask_holder(self, request: ModelInferRequest, model: str) -> Answer | None:
        """Forward to a runtime that holds the model; return None if none answers."""
        holders = await asyncio.to_thread(self._registry.holders, model)
        for holder in random.sample(holders, len(holders)):
            try:
                response = await self._peers.infer(holder, request, model, self.name)
            except grpc.aio.AioRpcError as error:
                # A runtime that crashed leaves its entry behind: try the next one.
                if error.code() is not grpc.StatusCode.UNAVAILABLE:
                    raise
                continue
            self.rerouted += 1
            return Answer(response, holder.name, rerouted=True)
        return None
