"""PKT against a float64 loop."""

import numpy as np
import pytest

from tf_lpdistill.losses import ProbabilisticTransfer

EXAMPLES = [lambda: ProbabilisticTransfer()]
MATCHING = True


def reference(teacher, student, weight=None):
    def probabilities(features):
        rows = np.float64(features).reshape(len(features), -1)
        lengths = [np.sqrt((row**2).sum()) or 1.0 for row in rows]
        kernel = np.zeros((len(rows), len(rows)))
        for i, a in enumerate(rows):
            for j, b in enumerate(rows):
                kernel[i, j] = (np.dot(a, b) / (lengths[i] * lengths[j]) + 1) / 2
        return np.array([row / row.sum() for row in kernel])

    p, q = probabilities(teacher), probabilities(student)
    weight = np.ones(len(p)) if weight is None else weight
    terms = [
        weight[i] * p[i, j] * np.log((p[i, j] + 1e-7) / (q[i, j] + 1e-7))
        for i in range(len(p))
        for j in range(len(p))
    ]
    return np.sum(terms) / len(p) ** 2


def features(batch=20, teacher_width=9, student_width=4):
    rng = np.random.default_rng(0)
    return (
        rng.normal(size=(batch, teacher_width)).astype("float32"),
        rng.normal(size=(batch, student_width)).astype("float32"),
    )


@pytest.mark.parametrize("batch", [2, 20, 64])
def test_equals_the_loop(batch):
    teacher, student = features(batch)
    value = ProbabilisticTransfer().compute_loss(teacher, student)
    np.testing.assert_allclose(value, reference(teacher, student), rtol=1e-4)


def test_maps_with_zero_rows_and_duplicates():
    rng = np.random.default_rng(0)
    teacher = np.repeat(rng.normal(size=(4, 3, 3, 4)), 3, axis=0).astype("float32")
    student = np.repeat(rng.normal(size=(6, 2, 2, 5)), 2, axis=0).astype("float32")
    teacher[0], student[5:7] = 0.0, 0.0
    value = ProbabilisticTransfer().compute_loss(teacher, student)
    np.testing.assert_allclose(value, reference(teacher, student), rtol=1e-4)


def test_value_computed_by_hand():
    # Cosines 0 for the teacher: p = (2/3, 1/3); -1 for the student: q = (1, 0), but for 1e-7.
    teacher, student = np.eye(2, dtype="float32"), np.array([[2.0], [-1.0]], "float32")
    row = 2 / 3 * np.log(2 / 3) + 1 / 3 * np.log((1 / 3) / 1e-7)
    np.testing.assert_allclose(
        ProbabilisticTransfer().compute_loss(teacher, student), 2 * row / 4, rtol=1e-5
    )


def test_lengths_of_features_do_not_matter():
    teacher, student = features()
    rng = np.random.default_rng(1)
    lengths = np.exp(rng.uniform(-20, 20, (2, 20, 1))).astype("float32")
    loss = ProbabilisticTransfer()
    np.testing.assert_allclose(
        loss.compute_loss(teacher * lengths[0], student * lengths[1]),
        loss.compute_loss(teacher, student),
        rtol=1e-4,
    )


def test_weights_belong_to_the_distributions_of_their_samples():
    teacher, student = features()
    weight = np.random.default_rng(1).uniform(0.5, 2.0, 20).astype("float32")
    value = ProbabilisticTransfer().compute_loss(teacher, student, sample_weight=weight)
    np.testing.assert_allclose(value, reference(teacher, student, weight), rtol=1e-4)


def test_weight_zero_leaves_a_sample_out():
    teacher, student = features()
    keep = np.ones(20, "float32")
    keep[[3, 11]] = 0.0
    loss = ProbabilisticTransfer()
    expected = loss.compute_loss(teacher[keep > 0], student[keep > 0]) * 18**2 / 20**2
    teacher[3], student[11] = 1e9, np.nan
    np.testing.assert_allclose(
        loss.compute_loss(teacher, student, sample_weight=keep), expected, rtol=1e-4
    )
