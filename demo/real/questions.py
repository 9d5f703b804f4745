"""Questions with known answers, each in the three forms in which a client may name its model."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from demo import digits
from demo.digits import Images
from demo.real.weights import Linear
from straightway.openinference.open_inference_pb2 import ModelInferRequest

_IMAGES = 40


class Way(StrEnum):
    """Where a request says its model."""

    PATH = "path"
    HEADER = "header"
    GRPC = "gRPC"


@dataclass(frozen=True, slots=True)
class Question:
    """A request about an image, and the digit that this model sees, mistakes included."""

    model: str
    way: Way
    body: bytes
    digit: int


class Questions:
    """Questions for all models."""

    def __init__(self, models: Mapping[str, Linear]) -> None:
        self.models = tuple(sorted(models))
        # Rounded as people would write them in JSON; the answers are those for the rounded values.
        images = np.round(digits.held_out().images[:_IMAGES], 4)
        self._json = [_json(image) for image in images]
        self._digits = {name: model.predict(images).tolist() for name, model in models.items()}
        self._messages = {name: [_message(name, image) for image in images] for name in self.models}

    def about(self, model: str, way: Way = Way.PATH, image: int = 0) -> Question:
        """Return a question for a model."""
        body = self._messages[model][image] if way is Way.GRPC else self._json[image]
        return Question(model, way, body, self._digits[model][image])

    def at_random(self, seed: int) -> Iterator[Question]:
        """Yield questions without end, the ways in turn; the same for the same seed."""
        chooser = random.Random(seed)
        while True:
            for way in Way:
                yield self.about(chooser.choice(self.models), way, chooser.randrange(_IMAGES))


def _values(image: Images) -> list[float]:
    return [round(float(value), 4) for value in image]


def _json(image: Images) -> bytes:
    tensor = {"name": "image", "shape": [1, digits.PIXELS], "datatype": "FP32"}
    return json.dumps({"inputs": [{**tensor, "data": _values(image)}]}).encode()


def _message(model: str, image: Images) -> bytes:
    request = ModelInferRequest(model_name=model)
    tensor = request.inputs.add(name="image", datatype="FP32", shape=[1, digits.PIXELS])
    tensor.contents.fp32_contents.extend(_values(image))
    return request.SerializeToString()
