"""Linear classifiers of handwritten digits, whose weights any runtime can use with NumPy alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import Perceptron, RidgeClassifier, SGDClassifier

from demo import digits
from demo.digits import Images, Labels


@dataclass(frozen=True, slots=True)
class Linear:
    """A linear classifier: the digit with the greatest score."""

    weights: NDArray[np.float32]
    offsets: NDArray[np.float32]

    @classmethod
    def of(cls, trained: Any) -> Self:
        """Take the weights of a trained classifier of scikit-learn."""
        weights, offsets = trained.coef_.T, trained.intercept_
        return cls(weights.astype(np.float32), offsets.astype(np.float32))

    def predict(self, images: Images) -> Labels:
        """Return the digit of each image."""
        scores: NDArray[np.float32] = images @ self.weights + self.offsets
        best: Labels = scores.argmax(axis=1)
        return best

    def save(self, file: Path) -> None:
        """Write the weights to a file."""
        np.savez(file, weights=self.weights, offsets=self.offsets)


_CLASSIFIERS: Mapping[str, Callable[[], Any]] = {
    "discriminant": LinearDiscriminantAnalysis,
    "hinge": lambda: SGDClassifier(random_state=0),
    "huber": lambda: SGDClassifier("modified_huber", random_state=0),
    "logistic": lambda: SGDClassifier("log_loss", random_state=0),
    "perceptron": lambda: Perceptron(random_state=0),
    "ridge": RidgeClassifier,
}


def train() -> dict[str, Linear]:
    """Train every model; their answers sometimes differ. Takes a second or two."""
    examples = digits.training()
    return {
        f"{name}-digits": Linear.of(make().fit(examples.images, examples.labels))
        for name, make in _CLASSIFIERS.items()
    }
