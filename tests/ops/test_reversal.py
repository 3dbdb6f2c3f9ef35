"""The identity forwards, minus the identity backwards."""

import numpy as np
import tensorflow as tf

from tf_lpdistill.ops import reverse_gradient


def test_value_and_gradient():
    x = tf.constant([1.5, -2.0, 3e38])
    with tf.GradientTape() as tape:
        tape.watch(x)
        same = reverse_gradient(x)
        value = tf.reduce_sum(same * tf.constant([1.0, 10.0, 0.5]))
    np.testing.assert_array_equal(same, x)
    np.testing.assert_array_equal(tape.gradient(value, x), [-1.0, -10.0, -0.5])
