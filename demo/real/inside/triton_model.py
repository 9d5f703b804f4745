"""A model of Triton's Python backend: a linear classifier of handwritten digits."""

import os
import pathlib

import numpy as np
import triton_python_backend_utils as backend


class TritonPythonModel:
    """Answers with the digit, and with the name of the runtime."""

    def initialize(self, arguments):
        """Load the weights."""
        folder = pathlib.Path(arguments["model_repository"], arguments["model_version"])
        with np.load(folder / "weights.npz") as weights:
            self._weights, self._offsets = weights["weights"], weights["offsets"]
        self._runtime = np.array([os.environ["RUNTIME"]], dtype=object)

    def execute(self, requests):
        """Answer requests, each with one image."""
        return [self._answer(request) for request in requests]

    def _answer(self, request):
        image = backend.get_input_tensor_by_name(request, "image").as_numpy()
        digits = np.argmax(image @ self._weights + self._offsets, axis=1)
        return backend.InferenceResponse(
            [backend.Tensor("digit", digits), backend.Tensor("runtime", self._runtime)]
        )
