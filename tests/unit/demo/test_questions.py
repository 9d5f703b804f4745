"""Questions: real images as JSON, with the answer that the model itself gives."""

import itertools
import json
from collections import Counter

import numpy as np
import pytest

from demo.models import load
from demo.questions import Questions


@pytest.fixture(scope="module")
def questions(models):
    return Questions(models)


def test_a_question_is_the_tutorials_payload_and_knows_the_models_answer(questions, models):
    question = questions.about("tf-mnist")
    [tensor] = json.loads(question.body)["inputs"]
    assert (tensor["name"], tensor["datatype"], tensor["shape"]) == ("predict", "FP32", [1, 784])
    image = np.array([tensor["contents"]["fp32_contents"]], dtype=np.float32)
    assert load(models, "tf-mnist").predict(image) == [question.digit]


def test_the_same_seed_asks_the_same_questions_about_all_models(questions):
    first, second = (list(itertools.islice(questions.at_random(1), 300)) for _ in range(2))
    assert first == second
    assert first != list(itertools.islice(questions.at_random(2), 300))
    assert set(Counter(question.model for question in first)) == set(questions.models)


def test_models_disagree_on_some_image_so_an_answer_tells_them_apart(questions):
    by_body: dict[bytes, set[int]] = {}
    for question in itertools.islice(questions.at_random(1), 2000):
        by_body.setdefault(question.body, set()).add(question.digit)
    assert any(len(digits) > 1 for digits in by_body.values())
