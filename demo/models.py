"""Trained models in files: what a runtime loads. ``demo.training`` makes them."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import joblib

from demo.digits import Images, Labels

SUFFIX = ".joblib"


class Classifier(Protocol):
    """What the demo uses of a scikit-learn classifier."""

    def fit(self, images: Images, labels: Labels) -> object:
        """Learn from images and the digits that they show."""

    def predict(self, images: Images) -> Labels:
        """Return the digit that each image shows, as far as the classifier can tell."""


class UnknownModelError(Exception):
    """There is no model of this name; the message says which there are."""


def stored(folder: Path) -> frozenset[str]:
    """Return the names of the models that ``folder`` holds."""
    return frozenset(path.stem for path in folder.glob(f"*{SUFFIX}"))


def save(folder: Path, name: str, classifier: Classifier) -> None:
    """Keep a trained model in ``folder`` under ``name``."""
    joblib.dump(classifier, folder / f"{name}{SUFFIX}")


def load(folder: Path, name: str) -> Classifier:
    """Load a model from its file. Raises ``UnknownModelError``."""
    check(folder, name)
    classifier: Classifier = joblib.load(folder / f"{name}{SUFFIX}")
    return classifier


def check(folder: Path, name: str) -> None:
    """Raise ``UnknownModelError`` unless ``folder`` holds a model of this name."""
    known = stored(folder)
    if name not in known:
        raise UnknownModelError(f"no model {name!r}; there are {', '.join(sorted(known))}")
