"""Draws depend on seed and step alone."""

import numpy as np
import tensorflow as tf

from tf_lpdistill.ops import draw_indices


def test_seed_and_step_alone_decide():
    first = draw_indices(50, 1000, seed=1, step=2)
    assert first.dtype == "int32" and first.shape == (50,)
    keras_step = tf.Variable(2, dtype="int64")  # as optimizers count
    np.testing.assert_array_equal(first, draw_indices(50, 1000, 1, keras_step))
    for seed, step in ((1, 3), (2, 2), (2, 1)):
        assert np.any(first != draw_indices(50, 1000, seed, step))


def test_every_index_is_as_likely():
    counts = np.bincount(draw_indices(70_000, 7, seed=0, step=0), minlength=7)
    assert counts.shape == (7,) and np.abs(counts - 10_000).max() < 500


def test_under_xla_the_same_indices_are_drawn():
    compiled = tf.function(lambda step: draw_indices(20, 100, 0, step), jit_compile=True)
    np.testing.assert_array_equal(compiled(5), draw_indices(20, 100, 0, 5))
