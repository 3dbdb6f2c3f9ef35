"""Maps of other sizes against loops."""

import numpy as np
import pytest
import tensorflow as tf

from tf_lpdistill.ops import match_sizes, resize_bilinear, resize_nearest


def maps(height, width, channels=2):
    rng = np.random.default_rng(0)
    return rng.normal(size=(3, height, width, channels)).astype("float32")


@pytest.mark.parametrize("size", [(8, 6), (4, 3), (12, 9), (5, 2), (1, 1)])
def test_nearest_equals_the_loop(size):
    old = maps(4, 3)
    new = resize_nearest(old, size)
    assert new.shape == (3, *size, 2)
    for i in range(size[0]):
        for j in range(size[1]):
            expected = old[:, int(np.floor(i * 4 / size[0])), int(np.floor(j * 3 / size[1]))]
            np.testing.assert_array_equal(new[:, i, j], expected)


def test_the_larger_map_is_pooled_along_each_axis():
    first, second = maps(4, 3), maps(2, 6, channels=5)
    small, narrow = match_sizes(first, second)
    assert small.shape == (3, 2, 3, 2) and narrow.shape == (3, 2, 3, 5)
    np.testing.assert_allclose(small[:, 1, 2], first[:, 2:, 2].mean(axis=1), rtol=1e-6)
    np.testing.assert_allclose(narrow[:, 1, 2], second[:, 1, 4:].mean(axis=1), rtol=1e-6)


def test_equal_sizes_stay_as_they_are():
    first, second = maps(4, 3), maps(4, 3, channels=5)
    assert match_sizes(first, second) == (first, second)


@pytest.mark.parametrize(("old", "new"), [((9, 7), (20, 3)), ((8, 8), (8, 5)), ((5, 6), (15, 12))])
def test_bilinear_is_that_of_tensorflow(old, new):
    maps = np.random.default_rng(0).normal(size=(2, *old, 3)).astype("float32")
    expected = tf.image.resize(maps, new, antialias=True)
    np.testing.assert_allclose(resize_bilinear(maps, new), expected, atol=1e-5)
