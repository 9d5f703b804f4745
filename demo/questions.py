"""Questions with known answers: an image, a model, and the digit that this model predicts.

The expected answer is the model's own prediction, mistakes included. A correct answer therefore
proves that this model ran on the image.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from demo import digits, models
from demo.digits import Images

_IMAGES = 40


@dataclass(frozen=True, slots=True)
class Question:
    """A JSON request body for a model, and the expected digit."""

    model: str
    body: bytes
    digit: int


class Questions:
    """All questions for the models in a folder."""

    def __init__(self, folder: Path) -> None:
        """Load every model once to compute its answers."""
        # Rounded as people would write them in JSON; the answers are those for the rounded values.
        images = np.round(digits.held_out().images[:_IMAGES], 4)
        bodies = [_body(image) for image in images]
        self._by_model = {
            name: [
                Question(name, body, int(digit))
                for body, digit in zip(
                    bodies, models.load(folder, name).predict(images), strict=True
                )
            ]
            for name in sorted(models.stored(folder))
        }

    @property
    def models(self) -> tuple[str, ...]:
        """The names of all models."""
        return tuple(self._by_model)

    def about(self, model: str) -> Question:
        """Return a question for a model."""
        return self._by_model[model][0]

    def at_random(self, seed: int) -> Iterator[Question]:
        """Yield questions without end, with random models and images, reproducible by seed."""
        chooser = random.Random(seed)
        while True:
            yield chooser.choice(self._by_model[chooser.choice(self.models)])


def _body(image: Images) -> bytes:
    tensor = {
        "name": "predict",
        "shape": [1, digits.PIXELS],
        "datatype": "FP32",
        "contents": {"fp32_contents": [round(float(value), 4) for value in image]},
    }
    return json.dumps({"inputs": [tensor]}).encode()
