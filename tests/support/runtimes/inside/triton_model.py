"""A model of Triton's Python backend, which behaves as a file beside it says."""

import pathlib
import time

import triton_python_backend_utils as backend


class TritonPythonModel:
    """Answers with what it is asked."""

    def initialize(self, arguments):
        file = pathlib.Path(arguments["model_repository"], "behaviour")
        while (behaviour := file.read_text()) == "wait":
            time.sleep(0.01)
        if behaviour == "fail":
            raise ValueError("no weights")

    def execute(self, requests):
        found = (backend.get_input_tensor_by_name(request, "x") for request in requests)
        return [
            backend.InferenceResponse([backend.Tensor("y", tensor.as_numpy())]) for tensor in found
        ]
