"""Averaging down to a shape."""

import numpy as np
import tensorflow as tf

from tf_lpdistill.ops import adaptive_mean


def test_a_divisor_averages_blocks():
    maps = np.random.default_rng(0).normal(size=(2, 4, 6, 8)).astype("float32")
    expected = maps.reshape(2, 2, 2, 2, 3, 4, 2).mean(axis=(2, 4, 6))
    np.testing.assert_allclose(adaptive_mean(maps, (2, 2, 4)), expected, rtol=1e-5, atol=1e-6)


def test_windows_overlap_where_sizes_do_not_divide():
    # 5 entries to 3: windows 0..1, 1..3, 3..4.
    maps = np.array([1.0, 2.0, 4.0, 8.0, 16.0], "float32").reshape(1, 1, 5, 1)
    averaged = adaptive_mean(maps, (1, 3, 1))
    np.testing.assert_allclose(np.ravel(averaged), [1.5, 14 / 3, 12.0], rtol=1e-6)


def test_the_same_shape_is_returned_as_it_is():
    maps = tf.zeros((2, 3, 3, 4))
    assert adaptive_mean(maps, (3, 3, 4)) is maps


def test_the_mean_of_an_axis_of_one():
    maps = np.random.default_rng(0).normal(size=(2, 3, 5, 7)).astype("float32")
    averaged = adaptive_mean(maps, (1, 1, 1))
    np.testing.assert_allclose(np.ravel(averaged), maps.mean(axis=(1, 2, 3)), atol=1e-6)
