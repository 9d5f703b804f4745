"""Images and digits as the tensors of the Open Inference Protocol."""

from __future__ import annotations

import math

import numpy as np

from demo.digits import PIXELS, Images, Labels
from straightway.openinference.open_inference_pb2 import (
    InferTensorContents,
    ModelInferRequest,
    ModelInferResponse,
    ModelMetadataResponse,
)

INPUT = ModelMetadataResponse.TensorMetadata(name="predict", datatype="FP32", shape=[-1, PIXELS])
OUTPUT = ModelMetadataResponse.TensorMetadata(name="predict", datatype="INT64", shape=[-1])


class InvalidTensorError(Exception):
    """The tensors of a request do not fit the models; the message says why."""


def images(request: ModelInferRequest) -> Images:
    """Return the images of a request, from typed or raw contents. Raises ``InvalidTensorError``."""
    if len(request.inputs) != 1:
        raise InvalidTensorError(f"{len(request.inputs)} input tensors; send exactly one")
    tensor = request.inputs[0]
    if tensor.datatype != INPUT.datatype:
        raise InvalidTensorError(
            f"input {tensor.name!r} has datatype {tensor.datatype!r}; send {INPUT.datatype}"
        )
    shape = list(tensor.shape)
    if len(shape) != 2 or shape[0] < 1 or shape[1] != PIXELS:
        raise InvalidTensorError(f"input {tensor.name!r} has shape {shape}; send [1, {PIXELS}]")
    values = _values(request)
    if len(values) != math.prod(shape):
        raise InvalidTensorError(
            f"input {tensor.name!r} has {len(values)} values for shape {shape}; "
            f"send {math.prod(shape)}, in fp32_contents or raw_input_contents"
        )
    if not np.isfinite(values).all():
        raise InvalidTensorError(f"input {tensor.name!r} has values that are not finite numbers")
    return values.reshape(shape)


def _values(request: ModelInferRequest) -> Images:
    contents = request.inputs[0].contents
    if not request.raw_input_contents:
        return np.array(contents.fp32_contents, dtype=np.float32)
    if len(request.raw_input_contents) != 1 or request.inputs[0].HasField("contents"):
        raise InvalidTensorError("send one raw_input_contents and no typed contents, or none")
    raw = request.raw_input_contents[0]
    if len(raw) % 4:
        raise InvalidTensorError(f"raw_input_contents has {len(raw)} bytes; FP32 takes 4 a value")
    return np.frombuffer(raw, dtype="<f4")


def response(request: ModelInferRequest, model: str, digits: Labels) -> ModelInferResponse:
    """Return the response to a request: the predicted digits, as typed contents."""
    return ModelInferResponse(
        model_name=model,
        model_version=request.model_version,
        id=request.id,
        outputs=[
            ModelInferResponse.InferOutputTensor(
                name=OUTPUT.name,
                datatype=OUTPUT.datatype,
                shape=[len(digits)],
                contents=InferTensorContents(int64_contents=digits.tolist()),
            )
        ],
    )
