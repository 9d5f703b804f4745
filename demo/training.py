"""Train the demo's models: ``python -m demo.training FOLDER``. Takes a few seconds.

All models classify digits, each with another algorithm, so that their answers sometimes differ.
``tf-mnist`` is a stand-in: the tutorial's model of this name is a TensorFlow network; this one is a
small scikit-learn network with the same inputs.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from sklearn.ensemble import ExtraTreesClassifier
from sklearn.linear_model import RidgeClassifier
from sklearn.naive_bayes import BernoulliNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.svm import SVC

from demo import digits
from demo.models import Classifier, save, stored

CLASSIFIERS: dict[str, Callable[[], Classifier]] = {
    "bayes-mnist": lambda: BernoulliNB(binarize=0.4),
    "knn-mnist": lambda: KNeighborsClassifier(3),
    "linear-mnist": lambda: RidgeClassifier(),
    "sklearn-mnist": lambda: SVC(),
    "tf-mnist": lambda: MLPClassifier((32,), early_stopping=True, random_state=0),
    "trees-mnist": lambda: ExtraTreesClassifier(20, random_state=0),
}


def train(folder: Path) -> list[str]:
    """Train and save every model that ``folder`` lacks; return the names of the new models."""
    folder.mkdir(parents=True, exist_ok=True)
    missing = sorted(CLASSIFIERS.keys() - stored(folder))
    if missing:
        examples = digits.training()
        for name in missing:
            classifier = CLASSIFIERS[name]()
            classifier.fit(examples.images, examples.labels)
            save(folder, name, classifier)
    return missing


def main() -> None:
    """Train the models that are missing in the folder on the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m demo.training", description="Train the demo's models."
    )
    parser.add_argument("folder", type=Path, help="folder for the trained models")
    for name in train(parser.parse_args().folder):
        print(f"trained {name}")


if __name__ == "__main__":
    main()
