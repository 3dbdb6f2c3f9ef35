"""SP against a float64 loop, and what it does not see."""

import numpy as np
import pytest

from tf_lpdistill.losses import SimilarityPreserving

EXAMPLES = [lambda: SimilarityPreserving()]
MATCHING = True


def reference(teacher, student):
    def similarities(features):
        rows = np.float64(features).reshape(len(features), -1)
        matrix = np.array([[np.dot(a, b) for b in rows] for a in rows])
        return np.array([row / np.sqrt((row**2).sum()) for row in matrix])

    difference = similarities(teacher) - similarities(student)
    return (difference**2).sum() / len(teacher) ** 2


def features(batch=20, teacher_width=9, student_width=4):
    rng = np.random.default_rng(0)
    return (
        rng.normal(size=(batch, teacher_width)).astype("float32") + 0.5,
        rng.normal(size=(batch, student_width)).astype("float32"),
    )


@pytest.mark.parametrize("batch", [2, 20, 64])
def test_equals_the_loop(batch):
    teacher, student = features(batch)
    value = SimilarityPreserving().compute_loss(teacher, student)
    np.testing.assert_allclose(value, reference(teacher, student), rtol=1e-5)


def test_maps_are_flattened():
    rng = np.random.default_rng(0)
    teacher = rng.normal(size=(6, 3, 3, 4)).astype("float32")
    student = rng.normal(size=(6, 2, 2, 5)).astype("float32")
    value = SimilarityPreserving().compute_loss(teacher, student)
    np.testing.assert_allclose(value, reference(teacher, student), rtol=1e-5)


def test_value_computed_by_hand():
    # G_T = I. Q_S Q_S^T = [[1, 2], [2, 4]], its rows scaled to length 1 are both (1, 2)/sqrt(5).
    teacher, student = np.eye(2, dtype="float32"), np.array([[1.0], [2.0]], "float32")
    a, b = 1 / np.sqrt(5), 2 / np.sqrt(5)
    expected = ((1 - a) ** 2 + b**2 + a**2 + (1 - b) ** 2) / 4
    np.testing.assert_allclose(
        SimilarityPreserving().compute_loss(teacher, student), expected, rtol=1e-6
    )


def test_rotation_and_scale_of_the_student_do_not_matter():
    teacher, _ = features()
    rotation, _ = np.linalg.qr(np.random.default_rng(1).normal(size=(9, 9)))
    student = (teacher @ rotation * 1e6).astype("float32")
    assert float(SimilarityPreserving().compute_loss(teacher, student)) < 1e-12


def test_a_translation_of_the_student_matters():
    teacher, _ = features()
    assert float(SimilarityPreserving().compute_loss(teacher, teacher + 5.0)) > 1e-3


def test_weight_zero_leaves_a_sample_out():
    teacher, student = features()
    keep = np.ones(20, "float32")
    keep[[3, 11]] = 0.0
    loss = SimilarityPreserving()
    expected = loss.compute_loss(teacher[keep > 0], student[keep > 0]) * 18**2 / 20**2
    teacher[3], student[11] = 1e9, np.nan
    np.testing.assert_allclose(
        loss.compute_loss(teacher, student, sample_weight=keep), expected, rtol=1e-5
    )


def test_a_pair_counts_the_root_of_its_weights():
    teacher, student = features(batch=2)
    loss, total = SimilarityPreserving(), 0.0
    full = reference(teacher, student)
    for weight in ([4.0, 4.0], [1.0, 9.0], [9.0, 1.0]):
        weight = np.array(weight, "float32")
        total += loss.compute_loss(teacher, student, sample_weight=weight)
        if weight[0] == weight[1]:
            np.testing.assert_allclose(total, 4.0 * full, rtol=1e-5)
    # Each of the unequal ones: diagonal 1 and 9, off the diagonal 3; together 10 and 6.
    similarities = []
    for rows in (np.float64(teacher), np.float64(student)):
        gram = rows @ rows.T
        similarities.append(gram / np.linalg.norm(gram, axis=1, keepdims=True))
    squares = (similarities[0] - similarities[1]) ** 2
    weighted = (np.array([[10.0, 6.0], [6.0, 10.0]]) * squares).sum() / 4
    np.testing.assert_allclose(total - 4.0 * full, weighted, rtol=1e-5)


def test_unequal_batches_are_refused():
    teacher, student = features()
    with pytest.raises(ValueError, match="20 teacher samples and 19 student samples"):
        SimilarityPreserving().compute_loss(teacher, student[:-1])
