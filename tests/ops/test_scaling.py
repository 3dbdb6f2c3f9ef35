"""One scale in all, or one a row; held constant."""

import numpy as np
import tensorflow as tf

from tf_lpdistill.ops import unit_scale


def test_the_largest_entry_becomes_one():
    vectors = np.array([[1.0, -4.0], [0.5, 2.0], [0.0, 0.0]], "float32")
    np.testing.assert_allclose(unit_scale(vectors), vectors / 4.0)
    np.testing.assert_allclose(unit_scale(vectors, axis=1), [[0.25, -1], [0.25, 1], [0, 0]])


def test_an_invariant_function_keeps_its_gradient():
    # cos of the angle to (1, 0): invariant to scale.
    def cosine(vector):
        return vector[0] / tf.norm(vector)

    vector = tf.constant([3.0, 4.0])
    gradients = []
    for scaled in (lambda v: v, unit_scale):
        with tf.GradientTape() as tape:
            tape.watch(vector)
            value = cosine(scaled(vector))
        gradients.append(tape.gradient(value, vector).numpy())
    np.testing.assert_allclose(gradients[0], [0.128, -0.096], rtol=1e-5)
    np.testing.assert_allclose(gradients[1], gradients[0], rtol=1e-5)
