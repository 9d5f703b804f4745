"""Requests of the demo with real servers: one image in three forms, with a known answer."""

from __future__ import annotations

import json
from itertools import islice

import numpy as np
import pytest

from demo import digits
from demo.real.questions import Questions, Way
from demo.real.weights import Linear
from straightway.openinference.open_inference_pb2 import ModelInferRequest


@pytest.fixture(scope="module")
def questions():
    random = np.random.default_rng(1)
    models = {
        name: Linear(
            random.normal(size=(digits.PIXELS, 10)).astype(np.float32),
            np.zeros(10, dtype=np.float32),
        )
        for name in ("one", "two")
    }
    return Questions(models)


def test_all_forms_have_the_same_image(questions):
    text = json.loads(questions.about("one", Way.PATH, 3).body)["inputs"][0]["data"]
    message = ModelInferRequest.FromString(questions.about("one", Way.GRPC, 3).body)
    assert message.model_name == "one"
    assert np.allclose(message.inputs[0].contents.fp32_contents, text, atol=1e-6)
    assert questions.about("one", Way.HEADER, 3).body == questions.about("two", Way.PATH, 3).body


def test_the_ways_take_turns_and_a_seed_repeats_them(questions):
    first, again = (list(islice(questions.at_random(7), 30)) for _ in range(2))
    assert first == again
    assert [each.way for each in first] == list(Way) * 10
    assert {each.model for each in first} == {"one", "two"}


def test_the_weights_that_a_server_loads_give_the_same_answers(tmp_path):
    images = digits.held_out().images[:20]
    model = Linear(np.eye(digits.PIXELS, 10, dtype=np.float32), np.arange(10, dtype=np.float32))
    model.save(tmp_path / "weights.npz")
    with np.load(tmp_path / "weights.npz") as loaded:
        again = Linear(loaded["weights"], loaded["offsets"])
    assert again.predict(images).tolist() == model.predict(images).tolist()
