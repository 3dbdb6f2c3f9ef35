"""The square root of 0 and its gradient."""

import numpy as np
import tensorflow as tf

from tf_lpdistill.ops import safe_sqrt


def test_value_and_gradient():
    squares = tf.constant([0.0, 4.0, 1e-20])
    with tf.GradientTape() as tape:
        tape.watch(squares)
        value = safe_sqrt(squares)
    np.testing.assert_allclose(value, [0.0, 2.0, 1e-10], rtol=1e-6)
    np.testing.assert_allclose(tape.gradient(value, squares), [0.0, 0.25, 0.5e10], rtol=1e-6)
