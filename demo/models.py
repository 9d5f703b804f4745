"""Trained models in files, which runtimes load. ``demo.training`` writes them."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import joblib

from demo.digits import Images, Labels

SUFFIX = ".joblib"


class Classifier(Protocol):
    """What the demo uses of a scikit-learn classifier."""

    def fit(self, images: Images, labels: Labels) -> object:
        """Train on images and the digits that they show."""

    def predict(self, images: Images) -> Labels:
        """Return the predicted digit of each image."""


class UnknownModelError(Exception):
    """No model has this name; the message lists the models."""


def stored(folder: Path) -> frozenset[str]:
    """Return the names of the models in ``folder``."""
    return frozenset(path.stem for path in folder.glob(f"*{SUFFIX}"))


def save(folder: Path, name: str, classifier: Classifier) -> None:
    """Save a trained model in ``folder`` as ``name``."""
    joblib.dump(classifier, folder / f"{name}{SUFFIX}")


def load(folder: Path, name: str) -> Classifier:
    """Load a model from its file. Raises ``UnknownModelError``."""
    check(folder, name)
    classifier: Classifier = joblib.load(folder / f"{name}{SUFFIX}")
    return classifier


def check(folder: Path, name: str) -> None:
    """Raise ``UnknownModelError`` unless ``folder`` contains a model of this name."""
    known = stored(folder)
    if name not in known:
        raise UnknownModelError(f"no model {name!r}; there are {', '.join(sorted(known))}")
