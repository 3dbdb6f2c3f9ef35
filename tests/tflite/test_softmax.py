"""Whether a student lacks a softmax, and its adding."""

import keras
import numpy as np
import pytest

from tf_lpdistill.tflite import softmax


def model(last):
    return keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Flatten(), last])


def test_rows_that_sum_to_one_are_probabilities():
    linear = model(keras.layers.Dense(3))
    assert not softmax.is_missing(linear, np.array([[0.2, 0.3, 0.5], [0.0, 1.0, 0.0]]))
    assert softmax.is_missing(linear, np.array([[0.2, 0.3, 0.5], [0.9, 1.0, 0.0]]))
    assert softmax.is_missing(linear, np.array([[-0.2, 0.7, 0.5]])), "negative: logits"


def test_sigmoid_outputs_are_refused():
    several = model(keras.layers.Dense(3, activation="sigmoid"))
    with pytest.raises(ValueError, match="ends in 'sigmoid' with rows that sum to 1.9"):
        softmax.is_missing(several, np.array([[0.9, 0.9, 0.1]]))


def test_outputs_are_left_alone_where_it_is_not_missing():
    logits = np.array([[0.0, np.log(3.0)]], "float32")
    np.testing.assert_allclose(softmax.finish(logits, True), [[0.25, 0.75]], rtol=1e-6)
    assert softmax.finish(logits, False) is logits
