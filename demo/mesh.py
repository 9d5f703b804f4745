"""What makes a runtime part of a model mesh: whichever runtime is asked, the right one answers.

A model that is here is run here. One that another runtime holds is forwarded to that runtime: one
hop, never a second, because a forwarded request is answered where it arrives. One that nobody
holds is loaded here.
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
    """A response, the runtime that computed it, and whether it came from another runtime."""

    response: ModelInferResponse
    served_by: str
    rerouted: bool


class Mesh:
    """One runtime's part in the model mesh."""

    def __init__(
        self, name: str, folder: Path, shelf: Shelf, registry: Registry, peers: Peers
    ) -> None:
        """Serve the models of ``folder`` as the runtime ``name``."""
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
        """Forward to a runtime that holds the model; None if there is none that answers."""
        holders = await asyncio.to_thread(self._registry.holders, model)
        for holder in random.sample(holders, len(holders)):
            try:
                response = await self._peers.infer(holder, request, model, self.name)
            except grpc.aio.AioRpcError as error:
                # A runtime that has gone leaves its entry behind; that is no reason to fail.
                if error.code() is not grpc.StatusCode.UNAVAILABLE:
                    raise
                continue
            self.rerouted += 1
            return Answer(response, holder.name, rerouted=True)
        return None
