"""The demo's models: real ones, trained once, loaded from files."""

import numpy as np
import pytest

from demo import digits, training
from demo.models import UnknownModelError, load, save


@pytest.mark.parametrize("name", sorted(training.CLASSIFIERS))
def test_a_loaded_model_reads_digits_that_it_has_never_seen(name, models, examples):
    predictions = load(models, name).predict(examples.images)
    assert predictions.dtype == np.int64
    assert np.mean(predictions == examples.labels) > 0.85


def test_images_are_784_grey_values_from_0_to_1(examples):
    assert examples.images.shape[1] == digits.PIXELS == 784
    assert examples.images.dtype == np.float32
    assert examples.images.min() == 0
    assert examples.images.max() == 1


def test_models_learn_from_other_images_than_they_are_tried_on(examples):
    learnt = {row.tobytes() for row in digits.training().images}
    assert not learnt & {row.tobytes() for row in examples.images}


def test_models_that_are_there_are_not_trained_again(models):
    assert training.train(models) == []


@pytest.mark.parametrize("name", ["nobody", "", "../models/tf-mnist", "/etc/passwd"])
def test_a_name_that_is_no_stored_model_is_unknown(name, tmp_path):
    save(tmp_path, "tf-mnist", training.CLASSIFIERS["tf-mnist"]())
    with pytest.raises(UnknownModelError, match="there are tf-mnist"):
        load(tmp_path, name)
