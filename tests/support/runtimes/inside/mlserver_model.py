"""A model of MLServer, which behaves as a file beside it says."""

import asyncio
import pathlib

from mlserver import MLModel
from mlserver.types import InferenceRequest, InferenceResponse


class Model(MLModel):
    """Answers with nothing."""

    async def load(self) -> bool:
        file = pathlib.Path(self.settings.parameters.uri, "behaviour")
        while (behaviour := file.read_text()) == "wait":  # noqa: ASYNC110 (a file tells)
            await asyncio.sleep(0.01)
        if behaviour == "fail":
            raise ValueError("no weights")
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        return InferenceResponse(model_name=self.name, outputs=[])
