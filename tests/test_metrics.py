"""Metrics against loops, and on real digits."""

import numpy as np
import pytest

from tf_lpdistill.metrics import agreement, effective_rank, neighbor_indices, neighborhood_overlap


def neighbors_by_loop(features, k):
    features = features.reshape(len(features), -1).astype("float64")
    result = []
    for i in range(len(features)):
        squared = ((features - features[i]) ** 2).sum(axis=1)
        others = sorted((j for j in range(len(features)) if j != i), key=lambda j, d=squared: d[j])
        result.append(others[:k])
    return np.array(result)


def test_neighbors_of_real_digits_equal_the_loop(digits):
    images = digits.test.images[:60].astype("float32") + np.random.default_rng(0).normal(
        size=(60, 8, 8, 1)
    ).astype("float32")  # a little noise: no ties
    np.testing.assert_array_equal(neighbor_indices(images, 7), neighbors_by_loop(images, 7))


def test_overlap_equals_the_loop():
    rng = np.random.default_rng(0)
    teacher, student = rng.normal(size=(40, 12)), rng.normal(size=(40, 3))
    a, b = neighbors_by_loop(teacher, 6), neighbors_by_loop(student, 6)
    expected = np.mean([len(set(p) & set(q)) / 6 for p, q in zip(a, b, strict=True)])
    assert neighborhood_overlap(teacher, student, 6) == pytest.approx(expected)


def test_overlap_is_one_for_a_scaled_copy_and_chance_for_noise():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(300, 8))
    assert neighborhood_overlap(features, 3.0 * features + 5.0, 10) == 1.0
    noise = neighborhood_overlap(features, rng.normal(size=(300, 8)), 10)
    assert noise == pytest.approx(10 / 299, abs=0.02)


@pytest.mark.parametrize("k", [0, 5, -1])
def test_k_is_checked(k):
    with pytest.raises(ValueError, match="`k` must be between 1 and 4"):
        neighborhood_overlap(np.zeros((5, 2)), np.zeros((5, 2)), k)


def test_unequal_samples_are_refused():
    with pytest.raises(ValueError, match="must be of the same samples. Received: 5 and 4 rows"):
        neighborhood_overlap(np.zeros((5, 2)), np.zeros((4, 2)), 2)


def test_agreement():
    teacher = np.array([[1.0, 0.0], [0.0, 1.0], [0.9, 0.1], [0.2, 0.8]])
    student = np.array([[3.0, 1.0], [0.0, 1.0], [0.1, 0.9], [5.0, 1.0]])
    assert agreement(teacher, student) == 0.5
    with pytest.raises(ValueError, match="the same shape"):
        agreement(teacher, student[:, :1])


def test_the_effective_rank_equals_its_definition(digits):
    rows = digits.test.images[:40].reshape(40, -1).astype("float64")
    singular = np.linalg.svd(rows - rows.mean(axis=0), compute_uv=False)
    shares = singular[singular > 1e-9] / singular.sum()
    expected = np.exp(-sum(share * np.log(share) for share in shares))
    assert effective_rank(digits.test.images[:40]) == pytest.approx(expected, rel=1e-6)
    assert effective_rank(rows.T) == pytest.approx(
        effective_rank(np.pad(rows.T, ((0, 0), (0, 60)))), rel=1e-6
    )


def test_the_effective_rank_counts_directions_that_are_used_alike():
    corners = np.concatenate([np.eye(5), -np.eye(5)])
    assert effective_rank(corners) == pytest.approx(5.0)
    assert effective_rank(np.outer(np.arange(6.0), [1.0, 2.0, 3.0]) + 1e3) == pytest.approx(1.0)
    assert effective_rank(np.full((6, 3), 0.1)) == 0.0 == effective_rank(np.zeros((4, 2)))
