"""Handwritten digits in the format of the tutorial's payload: 28 by 28 grey values from 0 to 1.

scikit-learn ships 1,797 digits of 8 by 8 pixels. Linear interpolation scales them up, so that an
image has 784 values and nothing has to be downloaded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits

SIDE = 28
PIXELS = SIDE * SIDE

Images: TypeAlias = NDArray[np.float32]
Labels: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Digits:
    """Images, each a row of ``PIXELS`` values, and the digit that each one shows."""

    images: Images
    labels: Labels


def training() -> Digits:
    """Return the training set: four fifths of the digits."""
    return _part(held_out=False)


def held_out() -> Digits:
    """Return the test set: the fifth of the digits that no model was trained on."""
    return _part(held_out=True)


def _part(*, held_out: bool) -> Digits:
    digits = load_digits()
    chosen = (np.arange(len(digits.target)) % 5 == 0) == held_out
    return Digits(enlarge(digits.images[chosen]), digits.target[chosen].astype(np.int64))


def enlarge(images: NDArray[np.float64]) -> Images:
    """Scale images of 8 by 8 pixels from 0 to 16 up to rows of ``PIXELS`` values from 0 to 1."""
    small = images.shape[-1]
    places = np.linspace(0, small - 1, SIDE)
    weights = np.maximum(0, 1 - np.abs(places[:, None] - np.arange(small)))
    large: NDArray[np.float64] = weights @ (images / 16) @ weights.T
    return large.reshape(len(images), PIXELS).astype(np.float32)
