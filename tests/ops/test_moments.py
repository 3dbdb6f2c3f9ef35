"""Means per channel and batch normalisation: against numpy, with samples left out, on replicas."""

import numpy as np
import pytest
import tensorflow as tf

from tf_lpdistill.ops import batch_normalize, channel_mean


def maps(batch=6, seed=0):
    rng = np.random.default_rng(seed)
    return (3.0 + 2.0 * rng.normal(size=(batch, 2, 3, 4))).astype("float32")


def test_channel_mean_of_what_counts():
    values = maps()
    counted = values < 2.5
    expected = [values[..., c][counted[..., c]].mean() for c in range(4)]
    np.testing.assert_allclose(channel_mean(values, counted).numpy().ravel(), expected, rtol=1e-6)
    np.testing.assert_allclose(channel_mean(values)[0, 0, 0], values.mean((0, 1, 2)), rtol=1e-6)


def test_channel_mean_of_nothing_is_zero():
    np.testing.assert_array_equal(channel_mean(maps(), maps() < -100.0), np.zeros((1, 1, 1, 4)))


@pytest.mark.parametrize("left_out", [[], [1, 4]])
def test_batch_normalize_equals_numpy(left_out):
    values = maps()
    valid = np.ones(6, bool)
    valid[left_out] = False
    mean = np.float64(values)[valid].mean((0, 1, 2))
    deviation = np.sqrt(np.float64(values)[valid].var((0, 1, 2)) + 1e-5)
    expected = (values - mean) / deviation
    normalized = batch_normalize(values, valid if left_out else None)
    np.testing.assert_allclose(normalized, expected, rtol=1e-4, atol=1e-5)


def test_a_large_offset_costs_no_precision():
    values = maps()
    np.testing.assert_allclose(
        batch_normalize(values + 4096.0), batch_normalize(values), rtol=1e-2, atol=1e-3
    )


def test_constant_channels_become_zero():
    np.testing.assert_array_equal(batch_normalize(np.full((2, 1, 1, 3), 7.0, "float32")), 0.0)


def test_replicas_see_the_moments_of_the_global_batch(mirrored):
    values = maps()
    parts = mirrored.experimental_distribute_values_from_function(
        lambda ctx: tf.constant(values[2:] if ctx.replica_id_in_sync_group else values[:2])
    )
    run = tf.function(lambda: mirrored.run(batch_normalize, args=(parts,)))
    joined = np.concatenate([part.numpy() for part in run().values])
    np.testing.assert_allclose(joined, batch_normalize(values), rtol=1e-5, atol=1e-6)
