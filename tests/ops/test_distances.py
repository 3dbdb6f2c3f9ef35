"""Distances against numpy in float64, where float32 is weakest."""

import numpy as np
import pytest

from tf_lpdistill.ops import center, squared_distances


def exact(features):
    features = features.astype("float64").reshape(len(features), -1)
    return ((features[:, None] - features[None]) ** 2).sum(axis=2)


@pytest.mark.parametrize("offset", [0.0, 10.0, 1000.0])
@pytest.mark.parametrize("shape", [(16, 5), (16, 3, 3, 2), (4, 1), (1, 3)])
def test_equals_float64(shape, offset):
    features = np.random.default_rng(0).normal(size=shape).astype("float32") + offset
    distances = squared_distances(center(features))
    np.testing.assert_allclose(distances, exact(features), rtol=1e-4, atol=1e-5)


def test_duplicates_are_exactly_zero_apart():
    features = np.random.default_rng(0).normal(size=(6, 512)).astype("float32") * 30.0
    distances = squared_distances(center(np.repeat(features, 2, axis=0))).numpy()
    assert (distances[np.arange(0, 12, 2), np.arange(1, 12, 2)] == 0.0).all()
    assert (np.diag(distances) == 0.0).all()
    assert (distances >= 0.0).all()


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_is_centred_in_float32(dtype):
    import tensorflow as tf

    features = tf.cast(np.random.default_rng(0).normal(size=(64, 32)) + 10.0, dtype)
    distances = squared_distances(center(features))
    assert distances.dtype == "float32"
    np.testing.assert_allclose(distances, exact(features.numpy()), rtol=1e-3, atol=1e-4)


def test_rows_left_out_become_zero_and_do_not_move_the_mean():
    features = np.array([[1.0, 2.0], [1e9, np.nan], [3.0, 6.0]], "float32")
    centered = center(features, np.array([True, False, True]))
    np.testing.assert_allclose(centered, [[-1.0, -2.0], [0.0, 0.0], [1.0, 2.0]])
    nothing = center(features, np.zeros(3, "bool"))
    np.testing.assert_array_equal(nothing, np.zeros((3, 2)))
