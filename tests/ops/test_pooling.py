"""Mean and maximum of windows, for sizes that divide each other and sizes that do not."""

import numpy as np
import pytest
import tensorflow as tf

from tf_lpdistill.ops import adaptive_mean, max_pool_larger


def reference(maps, size):
    batch, height, width, channels = maps.shape
    pooled = np.zeros((batch, *size, channels), maps.dtype)
    for i in range(size[0]):
        for j in range(size[1]):
            rows = slice(
                int(np.floor(i * height / size[0])), int(np.ceil((i + 1) * height / size[0]))
            )
            columns = slice(
                int(np.floor(j * width / size[1])), int(np.ceil((j + 1) * width / size[1]))
            )
            pooled[:, i, j] = maps[:, rows, columns].max(axis=(1, 2))
    return pooled


@pytest.mark.parametrize(("large", "small"), [((6, 6), (3, 2)), ((7, 5), (3, 4)), ((4, 4), (4, 4))])
def test_equals_the_loop(large, small):
    rng = np.random.default_rng(0)
    first = rng.normal(size=(2, *large, 3)).astype("float32")
    second = rng.normal(size=(2, *small, 4)).astype("float32")
    np.testing.assert_array_equal(max_pool_larger(first, second)[0], reference(first, small))
    np.testing.assert_array_equal(max_pool_larger(first, second)[1], second)
    np.testing.assert_array_equal(max_pool_larger(second, first)[1], reference(first, small))


def test_each_axis_goes_to_the_smaller_size():
    first, second = max_pool_larger(tf.zeros((1, 4, 8, 2)), tf.zeros((1, 6, 3, 5)))
    assert first.shape == (1, 4, 3, 2) and second.shape == (1, 4, 3, 5)


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
