"""FitNets' hint against a numpy loop; its regressors."""

import keras
import numpy as np
import pytest

from tf_lpdistill.losses import Hint

EXAMPLES = [lambda: Hint(), lambda: Hint(regressor="dense")]


def maps(size, channels, batch=4, seed=0):
    shape = (batch, size, size, channels)
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def reference_convolution(student, kernel, bias):
    height, width = kernel.shape[:2]
    rows, columns = student.shape[1] - height + 1, student.shape[2] - width + 1
    out = np.zeros((len(student), rows, columns, kernel.shape[3]))
    for i in range(rows):
        for j in range(columns):
            window = student[:, i : i + height, j : j + width, :]
            out[:, i, j] = np.einsum("bhwc,hwcd->bd", window, kernel) + bias
    return out


@pytest.mark.parametrize("student_size", [5, 8])
def test_conv_regressor_equals_the_loop(student_size):
    teacher, student = maps(5, 6), maps(student_size, 3, seed=1)
    loss = Hint(regressor="conv")
    value = loss.compute_loss(teacher, student)
    kernel, bias = loss.get_weights()
    assert kernel.shape == (student_size - 4, student_size - 4, 3, 6)
    predicted = reference_convolution(np.float64(student), kernel, bias)
    np.testing.assert_allclose(value, 0.5 * np.mean((teacher - predicted) ** 2), rtol=1e-5)


def test_dense_regressor_equals_the_formula():
    teacher, student = maps(3, 2), maps(4, 5, seed=1)
    loss = Hint(regressor="dense")
    value = loss.compute_loss(teacher, student)
    kernel, bias = loss.get_weights()
    predicted = student.reshape(4, -1) @ kernel + bias
    expected = 0.5 * np.mean((teacher.reshape(4, -1) - predicted) ** 2)
    np.testing.assert_allclose(value, expected, rtol=1e-5)


def test_value_computed_by_hand():
    loss = Hint(regressor=keras.layers.Identity())
    value = loss.compute_loss(np.array([[1.0, 2.0]]), np.array([[3.0, 2.0]]))
    np.testing.assert_allclose(value, 0.5 * (4.0 + 0.0) / 2)


def test_conv_on_vectors_is_a_dense_layer():
    rng = np.random.default_rng(0)
    teacher, student = rng.normal(size=(4, 6)), rng.normal(size=(4, 3))
    loss = Hint()
    value = loss.compute_loss(teacher, student)
    kernel, bias = loss.get_weights()
    expected = 0.5 * np.mean((teacher - student @ kernel[0, 0] - bias) ** 2)
    np.testing.assert_allclose(value, expected, rtol=1e-5)


def test_a_student_map_smaller_than_the_teachers_is_refused():
    with pytest.raises(ValueError, match="is smaller than the teacher's.*regressor='dense'"):
        Hint(regressor="conv").compute_loss(maps(8, 2), maps(4, 2))


def test_a_regressor_of_another_shape_is_refused():
    loss = Hint(regressor=keras.layers.Dense(5))
    with pytest.raises(ValueError, match="is not of the size of the teacher's feature"):
        loss.compute_loss(np.zeros((2, 4), "float32"), np.zeros((2, 3), "float32"))


def test_an_unknown_regressor_is_refused():
    with pytest.raises(ValueError, match="`regressor` must be 'conv', 'dense' or a Keras layer"):
        Hint(regressor="linear")


def test_a_layer_as_regressor_survives_its_config():
    loss = Hint(regressor=keras.layers.Dense(4, activation="relu"))
    loss.compute_loss(np.zeros((2, 4), "float32"), np.zeros((2, 3), "float32"))
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(loss))
    assert again.regression.activation is keras.activations.relu
    assert [w.shape for w in again.get_weights()] == [(3, 4), (4,)]
