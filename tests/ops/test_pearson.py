"""Pearson's distance against numpy's corrcoef, its weights and its constants."""

import numpy as np
import pytest
import tensorflow as tf

from tf_lpdistill.ops import pearson_distance


def pair(rows=6, columns=5):
    rng = np.random.default_rng(0)
    return rng.normal(size=(2, rows, columns)).astype("float32")


@pytest.mark.parametrize("axis", [0, 1])
def test_equals_corrcoef(axis):
    first, second = pair()
    rows = (first.T, second.T) if axis == 0 else (first, second)
    expected = [1.0 - np.corrcoef(a, b)[0, 1] for a, b in zip(*rows, strict=True)]
    np.testing.assert_allclose(pearson_distance(first, second, axis=axis), expected, rtol=1e-5)


def test_whole_weights_count_a_sample_as_often():
    first, second = pair()
    weight = np.array([0, 1, 2, 3, 1, 1])
    value = pearson_distance(first, second, axis=0, weight=weight[:, None].astype("float32"))
    repeated = (np.repeat(values, weight, axis=0) for values in (first, second))
    np.testing.assert_allclose(value, pearson_distance(*repeated, axis=0), rtol=1e-5)


@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e12])
def test_scale_and_offset_do_not_matter(scale):
    first, second = pair()
    np.testing.assert_allclose(
        pearson_distance(scale * first, scale * (1.0 + second)),
        pearson_distance(first, second),
        rtol=1e-4,
    )


def test_a_reversed_row_is_at_distance_two():
    first, _ = pair()
    np.testing.assert_allclose(pearson_distance(first, -3.0 * first), 2.0, rtol=1e-6)


def test_constants():
    constant, varying = np.full((1, 4), 0.1, "float32"), pair(1, 4)[0]
    assert pearson_distance(constant, varying).numpy().tolist() == [0.0]
    assert pearson_distance(varying, constant).numpy().tolist() == [1.0]


def test_the_gradient_is_finite_at_constants():
    first = pair()[0]
    for value in (0.0, 0.1, 1e-30):
        second = tf.fill(first.shape, value)
        with tf.GradientTape() as tape:
            tape.watch(second)
            total = tf.reduce_sum(pearson_distance(first, second))
        assert np.isfinite(tape.gradient(total, second)).all()
