"""RDL against the loop over pairs."""

import numpy as np
import pytest

from tf_lpdistill.losses import PairwiseDistance

EXAMPLES = [lambda: PairwiseDistance()]
MATCHING = True


def features(batch=10, teacher_width=8, student_width=3):
    rng = np.random.default_rng(0)
    return (
        rng.normal(size=(batch, teacher_width)).astype("float32"),
        2.0 * rng.normal(size=(batch, student_width)).astype("float32"),
    )


def reference(teacher, student, weight=None):
    teacher, student = np.float64(teacher), np.float64(student)
    n, total = len(teacher), 0.0
    weight = np.ones(n) if weight is None else np.float64(weight)
    for i in range(n):
        for j in range(n):
            distances = [
                np.sqrt(((f[i] - f[j]) ** 2).sum() / f[i].size) for f in (student, teacher)
            ]
            total += np.sqrt(weight[i] * weight[j]) * (distances[0] - distances[1]) ** 2
    return total / (n * (n - 1))


@pytest.mark.parametrize("offset", [0.0, 100.0])
def test_equals_the_loop(offset):
    teacher, student = features()
    teacher, student = teacher + np.float32(offset), student + np.float32(offset)
    value = PairwiseDistance().compute_loss(teacher, student)
    np.testing.assert_allclose(value, reference(teacher, student), rtol=1e-4)


def test_maps_are_flattened():
    rng = np.random.default_rng(0)
    teacher = rng.normal(size=(6, 3, 3, 4)).astype("float32")
    student = rng.normal(size=(6, 2, 2, 5)).astype("float32")
    value = PairwiseDistance().compute_loss(teacher, student)
    np.testing.assert_allclose(value, reference(teacher, student), rtol=1e-4)


def test_value_computed_by_hand():
    # Teacher distances 1, 2, 3 (width 1); student 5 / sqrt(2), 0, 5 / sqrt(2) (width 2).
    teacher = np.array([[0.0], [1.0], [3.0]], "float32")
    student = np.array([[0.0, 0.0], [3.0, 4.0], [3.0, 4.0]], "float32")
    far = 5.0 / np.sqrt(2.0)
    expected = ((far - 1.0) ** 2 + (far - 3.0) ** 2 + (0.0 - 2.0) ** 2) / 3.0
    value = PairwiseDistance().compute_loss(teacher, student)
    np.testing.assert_allclose(value, expected, rtol=1e-6)


def test_rotated_and_shifted_features_match():
    teacher, _ = features()
    rotation = np.linalg.qr(np.random.default_rng(1).normal(size=(8, 8)))[0]
    student = (teacher @ rotation + 3.0).astype("float32")
    loss = PairwiseDistance()
    np.testing.assert_allclose(loss.compute_loss(teacher, student), 0.0, atol=1e-10)
    assert float(loss.compute_loss(teacher, 2.0 * student)) > 0.1


def test_repeating_the_features_keeps_the_value():
    teacher, student = features()
    loss = PairwiseDistance()
    wider = loss.compute_loss(np.tile(teacher, 4), np.tile(student, 3))
    np.testing.assert_allclose(loss.compute_loss(teacher, student), wider, rtol=1e-5)


def test_sample_weight():
    teacher, student = features()
    weight = np.array([1, 0, 2, 1, 1, 0.5, 1, 1, 0, 1], "float32")
    value = PairwiseDistance().compute_loss(teacher, student, sample_weight=weight)
    np.testing.assert_allclose(value, reference(teacher, student, weight), rtol=1e-4)


def test_a_batch_of_one_gives_zero_and_is_refused_first():
    teacher, student = features(batch=1)
    loss = PairwiseDistance()
    assert float(loss.compute_loss(teacher, student)) == 0.0
    with pytest.raises(ValueError, match="must hold two samples or more.*Received: a batch of 1"):
        loss.validate_outputs(teacher, student)
