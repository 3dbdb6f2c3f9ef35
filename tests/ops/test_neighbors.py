"""Neighbours: never the row itself, the lower index on ties, as many as there are."""

import numpy as np
import pytest
import tensorflow as tf

from tf_lpdistill.ops import (
    center,
    nearest_neighbors,
    nearest_rows,
    neighbors,
    squared_distances,
)


def test_equals_a_sorted_loop():
    features = np.random.default_rng(0).normal(size=(30, 4)).astype("float32")
    distances = squared_distances(center(features)).numpy()
    indices, found = nearest_neighbors(distances, 7)
    for i in range(30):
        expected = sorted((j for j in range(30) if j != i), key=lambda j, i=i: distances[i, j])[:7]
        assert indices[i].numpy().tolist() == expected
        np.testing.assert_array_equal(found[i], distances[i, expected])


def test_ties_go_to_the_lower_index_and_self_is_left_out():
    indices, distances = nearest_neighbors(np.zeros((5, 5), "float32"), 3)
    expected = [[1, 2, 3], [0, 2, 3], [0, 1, 3], [0, 1, 2], [0, 1, 2]]
    assert indices.numpy().tolist() == expected
    assert (distances.numpy() == 0.0).all()


def test_a_batch_of_one_has_no_neighbours():
    indices, distances = nearest_neighbors(np.zeros((1, 1), "float32"), 5)
    assert indices.shape == (1, 0) and distances.shape == (1, 0)


def test_invalid_rows_are_nobodys_neighbours():
    distances = np.abs(np.arange(5.0)[:, None] - np.arange(5.0)[None]).astype("float32")
    valid = tf.constant([True, True, False, True, True])
    indices, found = nearest_neighbors(distances, 2, valid)
    finite = np.isfinite(found.numpy())
    assert not finite[2].any()
    assert finite[[0, 1, 3, 4]].all()
    assert 2 not in indices.numpy()[[0, 1, 3, 4]]


def test_centring_recalls_the_true_neighbours_at_a_large_offset():
    features = np.random.default_rng(0).normal(size=(128, 64))
    shifted = (features + 1000.0).astype("float32")
    true, _ = nearest_neighbors(((features[:, None] - features[None]) ** 2).sum(2), 5)
    found, _ = nearest_neighbors(squared_distances(center(shifted)), 5)
    shared = (true.numpy()[:, :, None] == found.numpy()[:, None, :]).any(axis=2)
    assert shared.mean() > 0.99


def search(centered, num_neighbors, valid, mode):
    """`nearest_rows`, of known sizes or of unknown ones, the latter also under XLA."""
    if mode == "known":
        return nearest_rows(centered, num_neighbors, valid)
    signature = [tf.TensorSpec((None, 4)), tf.TensorSpec((None,), "bool")]

    @tf.function(input_signature=signature, jit_compile=mode == "XLA")
    def compiled(centered, valid):
        return nearest_rows(centered, num_neighbors, valid)

    return compiled(centered, valid)


@pytest.mark.parametrize("mode", ["known", "unknown", "XLA"])
@pytest.mark.parametrize("num_neighbors", [5, 60])
@pytest.mark.parametrize("block", [8, 16, 20, 10**6])
def test_blocks_of_every_size_find_the_same(block, num_neighbors, mode, monkeypatch):
    rng = np.random.default_rng(0)
    rows = np.repeat(rng.normal(size=(10, 4)), 4, axis=0).astype("float32")  # ties everywhere
    valid = rng.uniform(size=40) > 0.2
    centered = center(rows, valid)
    expected = nearest_neighbors(squared_distances(centered), num_neighbors, valid)
    monkeypatch.setattr(neighbors, "_BLOCK", block)
    indices, distances = search(centered, num_neighbors, valid, mode)
    finite = np.isfinite(expected[1])
    np.testing.assert_array_equal(np.isfinite(distances), finite)
    np.testing.assert_allclose(distances[finite], expected[1][finite], rtol=1e-6)
    np.testing.assert_array_equal(indices[finite], expected[0][finite])
