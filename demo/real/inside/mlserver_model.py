"""A model of MLServer: a linear classifier of handwritten digits."""

import os

import numpy as np
from mlserver import MLModel
from mlserver.codecs import NumpyCodec, StringCodec
from mlserver.types import InferenceRequest, InferenceResponse


class DigitsModel(MLModel):
    """Answers with the digit, and with the name of the runtime."""

    async def load(self) -> bool:
        """Load the weights."""
        with np.load(self.settings.parameters.uri) as weights:
            self._weights, self._offsets = weights["weights"], weights["offsets"]
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        """Answer a request with one image."""
        image = NumpyCodec.decode_input(payload.inputs[0])
        digits = np.argmax(image @ self._weights + self._offsets, axis=1)
        return InferenceResponse(
            model_name=self.name,
            outputs=[
                NumpyCodec.encode_output("digit", digits),
                StringCodec.encode_output("runtime", [os.environ["RUNTIME"]]),
            ],
        )
