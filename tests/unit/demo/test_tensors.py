"""Requests of the Open Inference Protocol become images, or a clear refusal."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from demo import tensors
from demo.tensors import InvalidTensorError
from straightway.openinference.open_inference_pb2 import InferTensorContents, ModelInferRequest

BLANK = [0.0] * 784


def request(values=None, *, raw=None, datatype="FP32", shape=(1, 784), inputs=1):
    message = ModelInferRequest(model_name="tf-mnist", id="7")
    for _ in range(inputs):
        tensor = message.inputs.add(name="predict", datatype=datatype, shape=shape)
        if values is not None:
            tensor.contents.CopyFrom(InferTensorContents(fp32_contents=values))
    message.raw_input_contents.extend(raw or [])
    return message


@given(arrays.arrays(np.float32, (2, 784), elements=st.floats(0, 1, width=32)))
def test_typed_and_raw_contents_give_the_same_images(images):
    typed = request(images.ravel().tolist(), shape=(2, 784))
    raw = request(raw=[images.astype("<f4").tobytes()], shape=(2, 784))
    assert np.array_equal(tensors.images(typed), images)
    assert np.array_equal(tensors.images(raw), images)


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (request(BLANK, inputs=0), "0 input tensors; send exactly one"),
        (request(BLANK, inputs=2), "2 input tensors; send exactly one"),
        (request(BLANK, datatype="INT64"), "datatype 'INT64'; send FP32"),
        (request(BLANK, shape=(28, 28)), r"shape \[28, 28\]; send \[1, 784\]"),
        (request(BLANK, shape=(784,)), r"shape \[784\]; send \[1, 784\]"),
        (request(BLANK, shape=(0, 784)), r"shape \[0, 784\]; send \[1, 784\]"),
        (request(BLANK, shape=(-1, 784)), r"shape \[-1, 784\]; send \[1, 784\]"),
        (request(BLANK[:-1]), "783 values"),
        (request(), "0 values"),
        (request([float("nan"), *BLANK[1:]]), "not finite"),
        (request(raw=[b"123"]), "3 bytes; FP32 takes 4"),
        (request(raw=[b"", b""]), "send one raw_input_contents"),
        (request(BLANK, raw=[bytes(784 * 4)]), "send one raw_input_contents"),
    ],
)
def test_tensors_that_no_model_takes_are_refused_with_what_to_send(message, words):
    with pytest.raises(InvalidTensorError, match=words):
        tensors.images(message)


def test_an_answer_carries_the_callers_id_and_one_digit_an_image():
    answer = tensors.response(request(BLANK), "tf-mnist", np.array([3, 9], dtype=np.int64))
    [output] = answer.outputs
    assert (answer.model_name, answer.id) == ("tf-mnist", "7")
    assert (output.name, output.datatype, list(output.shape)) == ("predict", "INT64", [2])
    assert list(output.contents.int64_contents) == [3, 9]
