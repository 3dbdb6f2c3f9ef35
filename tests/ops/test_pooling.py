"""Max-pooling of the larger map, for sizes that divide each other and sizes that do not."""

import numpy as np
import pytest
import tensorflow as tf

from tf_lpdistill.ops import max_pool_larger


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
