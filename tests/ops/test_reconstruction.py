"""Weights that reconstruct a row from its neighbours, and what they leave."""

import numpy as np
import pytest

from tf_lpdistill.ops import reconstruction_errors, reconstruction_weights


def test_the_middle_is_the_mean_of_the_ends():
    features = np.array([[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]], "float32")
    indices, weights = reconstruction_weights(features, 2)
    assert indices.numpy()[1].tolist() == [0, 2]
    np.testing.assert_allclose(weights[1], [0.5, 0.5], rtol=1e-5)


@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e12])
def test_weights_minimise_the_error_among_those_of_sum_one(scale):
    rng = np.random.default_rng(0)
    features = rng.normal(size=(12, 6))
    indices, weights = (
        array.numpy() for array in reconstruction_weights((features * scale).astype("float32"), 4)
    )
    np.testing.assert_allclose(weights.sum(axis=1), 1.0, rtol=1e-5)
    for i in range(12):
        differences = features[i] - features[indices[i]]
        ridge = 1e-3 * (differences**2).sum()

        def cost(w, differences=differences, ridge=ridge):
            return ((w @ differences) ** 2).sum() + ridge * (w**2).sum()

        best = cost(np.float64(weights[i]))
        for _ in range(20):
            other = weights[i] + 0.1 * rng.normal(size=4)
            assert best < cost(other / other.sum())


def test_equal_neighbours_share_alike():
    _, weights = reconstruction_weights(np.full((5, 3), 2.0, "float32"), 4)
    np.testing.assert_allclose(weights, np.full((5, 4), 0.25), rtol=1e-6)


def test_rows_left_out_have_no_weight_and_give_none():
    features = np.random.default_rng(0).normal(size=(5, 3)).astype("float32")
    valid = np.array([True, True, False, True, False])
    indices, weights = reconstruction_weights(features, 4, valid)
    dense = np.zeros((5, 5))
    np.put_along_axis(dense, indices.numpy(), weights.numpy(), axis=1)
    assert (dense[~valid] == 0).all() and (dense[:, ~valid] == 0).all()
    np.testing.assert_allclose(dense[valid].sum(axis=1), 1.0, rtol=1e-5)
    errors = reconstruction_errors(indices, weights, features).numpy()
    expected = ((features - dense @ features) ** 2).sum(axis=1)
    np.testing.assert_allclose(errors, np.where(valid, expected, 0.0), rtol=1e-5, atol=1e-6)


def test_a_row_alone_has_no_neighbour_and_no_error():
    features = np.ones((1, 3), "float32")
    indices, weights = reconstruction_weights(features, 5)
    assert indices.shape == weights.shape == (1, 0)
    assert reconstruction_errors(indices, weights, features).numpy().tolist() == [0.0]
