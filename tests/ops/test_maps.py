"""Shapes and unit length."""

import numpy as np
import tensorflow as tf

from tf_lpdistill.ops import as_maps, flatten, l2_normalize


def test_flatten_and_as_maps():
    assert flatten(np.zeros((2, 3, 4, 5))).shape == (2, 60)
    assert flatten(np.zeros((2, 3))).shape == (2, 3)
    assert as_maps(tf.zeros((2, 3))).shape == (2, 1, 1, 3)
    assert as_maps(tf.zeros((2, 3, 4, 5))).shape == (2, 3, 4, 5)


def test_l2_normalize_is_safe_at_zero():
    vectors = tf.constant([[3.0, 4.0], [0.0, 0.0]])
    with tf.GradientTape() as tape:
        tape.watch(vectors)
        unit = l2_normalize(vectors)
    np.testing.assert_allclose(unit, [[0.6, 0.8], [0.0, 0.0]], rtol=1e-6)
    assert np.isfinite(tape.gradient(unit, vectors)).all()
