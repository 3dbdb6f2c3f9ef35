"""Heat-kernel weights and their bandwidth."""

import numpy as np
import pytest

from tf_lpdistill.ops import binary_affinities, cosine_affinities, heat_affinities


def test_float_bandwidth_by_hand():
    features = np.array([[0.0], [1.0], [3.0]], "float32")
    indices, alpha = heat_affinities(features, 1, bandwidth=2.0)
    assert indices.numpy().ravel().tolist() == [1, 0, 1]
    np.testing.assert_allclose(alpha[:, 0], np.exp([-0.25, -0.25, -1.0]), rtol=1e-6)


def test_auto_bandwidth_is_the_mean_squared_neighbour_distance():
    features = np.array([[0.0], [1.0], [3.0]], "float32")  # squared distances 1, 1, 4: mean 2
    _, alpha = heat_affinities(features, 1)
    np.testing.assert_allclose(alpha[:, 0], np.exp([-0.5, -0.5, -2.0]), rtol=1e-6)


@pytest.mark.parametrize("value", [0.0, 3.0])
def test_equal_rows_have_weight_one(value):
    _, alpha = heat_affinities(np.full((6, 4), value, "float32"), 3)
    assert (alpha.numpy() == 1.0).all()


def test_tiny_spread_of_duplicates_does_not_zero_the_weights():
    # Copies of two far points: all neighbour distances are rounding noise, and count as 0.
    rows = np.repeat(np.random.default_rng(0).normal(size=(2, 300)), 8, axis=0) * 50.0
    _, alpha = heat_affinities(rows.astype("float32"), 5)
    assert (alpha.numpy() == 1.0).all()


def test_invalid_rows_have_no_weight_and_do_not_move_the_bandwidth():
    features = np.array([[0.0], [1.0], [500.0], [3.0]], "float32")
    valid = np.array([True, True, False, True])
    _, alpha = heat_affinities(features, 1, valid=valid)
    np.testing.assert_allclose(alpha[:, 0], np.exp([-0.5, -0.5, -np.inf, -2.0]), rtol=1e-6)


@pytest.mark.parametrize("affinities", [heat_affinities, binary_affinities, cosine_affinities])
def test_an_outlier_that_is_left_out_costs_no_digit(affinities):
    features = np.random.default_rng(0).normal(size=(12, 4)).astype("float32")
    valid = np.arange(12) != 5
    expected = affinities(features[valid], 3)[1]
    features[5] = 1e6
    np.testing.assert_allclose(affinities(features, 3, valid=valid)[1][valid], expected, rtol=1e-5)


def test_binary_weights_are_one_where_there_is_a_neighbour():
    features = np.array([[0.0], [1.0], [3.0]], "float32")
    indices, alpha = binary_affinities(features, 2, valid=np.array([True, True, False]))
    assert indices.numpy()[:2, 0].tolist() == [1, 0]
    np.testing.assert_array_equal(alpha, [[1.0, 0.0], [1.0, 0.0], [0.0, 0.0]])


def test_cosine_weights_do_not_depend_on_where_the_middle_is():
    features = np.array([[3.0, 0.0], [3.0, 4.0], [-9.0, 0.0]], "float32")
    indices, alpha = cosine_affinities(features, 1)
    assert indices.numpy().ravel().tolist() == [1, 0, 0]
    np.testing.assert_allclose(alpha[:, 0], [0.6, 0.6, 0.0], rtol=1e-6)  # -1 counts as 0
