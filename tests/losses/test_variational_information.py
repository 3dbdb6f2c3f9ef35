"""VID against a float64 loop; its variance is trained."""

import keras
import numpy as np
import pytest

from tf_lpdistill import Distiller
from tf_lpdistill.losses import VariationalInformation
from tf_lpdistill.losses.variational_information import gaussian_information

EXAMPLES = [
    lambda: VariationalInformation(),
    lambda: VariationalInformation(initial_variance=0.5),
]
SHAPES = ((4, 2, 6), (4, 4, 3))


def draw(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def reference(teacher, student, kernels, variance):
    """Teacher and student of one size, pixel by pixel."""
    total = 0.0
    for t, s in zip(teacher.reshape(-1, 6), student.reshape(-1, 3), strict=True):
        mean = np.float64(s)
        for index, kernel in enumerate(kernels):
            mean = mean @ kernel[0, 0]
            mean = np.maximum(mean, 0.0) if index < 2 else mean
        for c in range(6):
            total += 0.5 * ((mean[c] - t[c]) ** 2 / variance[c] + np.log(variance[c]))
    return total / teacher.size


def test_equals_the_loop():
    teacher, student = draw(3, 4, 2, 6), draw(3, 4, 2, 3, seed=1)
    loss = VariationalInformation()
    loss.ensure_built(teacher.shape, student.shape)
    raw = np.linspace(-2.0, 3.0, 6)
    loss.raw_variance.assign(raw)
    kernels = [layer.kernel.numpy() for layer in loss.regressor]
    expected = reference(teacher, student, kernels, np.log1p(np.exp(raw)) + 1e-5)
    np.testing.assert_allclose(loss.compute_loss(teacher, student), expected, rtol=1e-5)


def test_the_larger_map_is_average_pooled():
    teacher, student = draw(3, 4, 2, 6), draw(3, 4, 4, 3, seed=1)
    loss = VariationalInformation()
    value = loss.compute_loss(teacher, student)
    pooled = (student[:, :, 0::2] + student[:, :, 1::2]) / 2
    kernels = [layer.kernel.numpy() for layer in loss.regressor]
    np.testing.assert_allclose(
        value, reference(teacher, pooled, kernels, np.full(6, 5.0)), rtol=1e-5
    )


def test_value_computed_by_hand():
    # 1/2 (2^2 / 4 + log 4) and 1/2 (1^2 / 1 + log 1), of weights 1 and 3, over two samples.
    teacher = np.array([[1.0], [0.0]], "float32").reshape(2, 1, 1, 1)
    mean = np.array([[3.0], [2.0]], "float32").reshape(2, 1, 1, 1)
    variance = np.array([4.0], "float32")
    expected = (0.5 + 0.5 * np.log(4.0)) * np.mean([1.0, 3.0])
    value = gaussian_information(teacher, mean, variance, sample_weight=np.array([1.0, 3.0]))
    np.testing.assert_allclose(value, expected, rtol=1e-6)


@pytest.mark.parametrize("variance", [1e-3, 5.0, 1e4])
def test_the_variance_starts_where_it_is_told(variance):
    loss = VariationalInformation(initial_variance=variance)
    loss.ensure_built((None, 6), (None, 3))
    np.testing.assert_allclose(loss.variance(), np.full(6, variance), rtol=1e-4)


def test_the_best_variance_is_the_mean_squared_error():
    teacher, mean = draw(64, 1, 1, 1), draw(64, 1, 1, 1, seed=1)
    error = np.mean((teacher - mean) ** 2, keepdims=True).ravel()
    values = [gaussian_information(teacher, mean, error * factor) for factor in (0.9, 1.0, 1.1)]
    assert values[1] < values[0] and values[1] < values[2]


def test_regressor_and_variance_are_trained_with_the_student():
    teacher = keras.Sequential([keras.Input((4,)), keras.layers.Dense(6)])
    student = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    loss = VariationalInformation()
    distiller = Distiller(teacher, student, loss, student_loss_weight=0.0)
    distiller.compile(keras.optimizers.Adam(0.03))
    before = [weight.numpy() for weight in distiller.trainable_variables]
    history = distiller.fit(draw(64, 4), epochs=30, batch_size=32, verbose=0).history["loss"]
    assert len(before) == 2 + 3 + 1
    for weight, old in zip(distiller.trainable_variables, before, strict=True):
        assert np.abs(weight.numpy() - old).max() > 1e-3
    assert float(np.mean(loss.variance())) < 4.5 and history[-1] < history[0]


@pytest.mark.parametrize("variance", [1e-5, -1.0, float("nan"), float("inf"), "wide"])
def test_initial_variance_is_checked(variance):
    with pytest.raises(ValueError, match="`initial_variance` must be a finite number above 1e-05"):
        VariationalInformation(initial_variance=variance)


def test_features_of_another_rank_are_refused():
    with pytest.raises(ValueError, match="expected features .* of known size"):
        VariationalInformation().ensure_built((None, 4, 6), (None, 4, 6))
