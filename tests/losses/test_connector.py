"""The shared connector against numpy."""

import keras
import numpy as np
import pytest

from tf_lpdistill.losses.connector import Connector


def connected(kernel_size, sample_weight=None):
    maps = np.random.default_rng(0).normal(size=(4, 3, 3, 2)).astype("float32")
    connector = Connector(5, kernel_size)
    connector.build(maps.shape)
    scale, offset = np.arange(1.0, 6.0), np.arange(5.0)
    kernel = connector.get_weights()[-1]
    connector.scale.assign(scale)
    connector.offset.assign(offset)
    assert kernel.shape == (kernel_size, kernel_size, 2, 5)
    convolved = keras.ops.conv(maps, kernel, padding="same").numpy()
    inside = slice(None) if sample_weight is None else np.reshape(sample_weight, -1) > 0
    mean, variance = (f(convolved[inside], axis=(0, 1, 2)) for f in (np.mean, np.var))
    expected = scale * (convolved - mean) / np.sqrt(variance + 1e-5) + offset
    return connector(maps, sample_weight), expected


@pytest.mark.parametrize("kernel_size", [1, 3])
def test_equals_convolution_and_batch_normalisation(kernel_size):
    np.testing.assert_allclose(*connected(kernel_size), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("weight", [[1, 0, 2, 1], [[1.0], [0.0], [2.0], [1.0]]])
def test_samples_of_weight_zero_are_left_out_of_the_moments(weight):
    value, expected = connected(1, np.array(weight))
    again, _ = connected(1)
    np.testing.assert_allclose(value, expected, rtol=1e-4, atol=1e-4)
    assert np.abs(value - again).max() > 1e-2
