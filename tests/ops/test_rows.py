"""Rows of weight 0 become zero, whatever was in them."""

import numpy as np
import pytest
import tensorflow as tf

from tf_lpdistill.ops import leave_out

FEATURES = np.array([[1.0, np.nan], [2.0, 3.0], [np.inf, 4.0]], "float32")


@pytest.mark.parametrize("shape", [(3,), (3, 1)])
def test_rows_of_weight_zero_become_zero(shape):
    weight = np.reshape([0.0, 0.5, 0.0], shape)
    rows, maps = leave_out((FEATURES, FEATURES[:, :, None, None]), weight)
    np.testing.assert_array_equal(rows, [[0.0, 0.0], [2.0, 3.0], [0.0, 0.0]])
    np.testing.assert_array_equal(maps[:, :, 0, 0], rows)


def test_without_weights_all_stay():
    assert leave_out(FEATURES, None) is FEATURES


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_the_dtype_stays_and_no_gradient_reaches_what_is_left_out(dtype):
    features = tf.Variable(tf.cast([[1.0], [2.0]], dtype))
    with tf.GradientTape() as tape:
        rows = leave_out(features, tf.constant([0.0, 1.0]))
        value = tf.reduce_sum(rows)
    assert rows.dtype == dtype
    np.testing.assert_array_equal(tf.cast(tape.gradient(value, features), "float32"), [[0], [1]])
