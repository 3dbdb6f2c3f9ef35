"""RKD's distances against a float64 loop."""

import numpy as np
import pytest
import tensorflow as tf

from tf_lpdistill.losses import RelationalDistance

EXAMPLES = [lambda: RelationalDistance()]
MATCHING = True


def reference(teacher, student):
    def relative(features):
        rows = np.float64(features).reshape(len(features), -1)
        distances = np.array([[np.sqrt(((a - b) ** 2).sum()) for b in rows] for a in rows])
        return distances / distances[distances > 0].mean()

    total = 0.0
    for t, s in zip(relative(teacher).ravel(), relative(student).ravel(), strict=True):
        x = abs(t - s)
        total += 0.5 * x**2 if x < 1 else x - 0.5
    return total / len(teacher) ** 2


def features(batch=20, teacher_width=9, student_width=4):
    rng = np.random.default_rng(0)
    return (
        rng.normal(size=(batch, teacher_width)).astype("float32"),
        rng.normal(size=(batch, student_width)).astype("float32"),
    )


@pytest.mark.parametrize("batch", [2, 20, 64])
def test_equals_the_loop(batch):
    teacher, student = features(batch)
    student[0] *= 20.0  # far enough that Huber's straight part is used
    value = RelationalDistance().compute_loss(teacher, student)
    np.testing.assert_allclose(value, reference(teacher, student), rtol=1e-5, atol=1e-12)


@pytest.mark.parametrize("offset", [0.0, 100.0])
def test_maps_with_duplicates_and_an_offset(offset):
    rng = np.random.default_rng(0)
    teacher = np.repeat(rng.normal(size=(4, 3, 3, 4)), 3, axis=0).astype("float32") + offset
    student = np.repeat(rng.normal(size=(6, 2, 2, 5)), 2, axis=0).astype("float32") + offset
    value = RelationalDistance().compute_loss(teacher, student)
    np.testing.assert_allclose(value, reference(teacher, student), rtol=1e-4)


def test_value_computed_by_hand():
    # d_T: 1, 3, 4 (mean 8/3); d_S: 2, 2, 4 (mean 8/3). Differences 3/8, 3/8 and 0, each twice.
    teacher = np.array([[0.0], [1.0], [4.0]], "float32")
    student = np.array([[0.0], [2.0], [4.0]], "float32")
    expected = 4 * 0.5 * 0.375**2 / 9
    np.testing.assert_allclose(
        RelationalDistance().compute_loss(teacher, student), expected, rtol=1e-6
    )


def test_rotation_translation_and_scale_of_the_student_do_not_matter():
    teacher, _ = features()
    rotation, _ = np.linalg.qr(np.random.default_rng(1).normal(size=(9, 9)))
    student = (teacher @ rotation * 50.0 + 7.0).astype("float32")
    assert float(RelationalDistance().compute_loss(teacher, student)) < 1e-10


def test_gradient_equals_finite_differences():
    teacher, student = features(batch=6, student_width=2)
    student[1] = student[0]  # no gradient between equal samples, and none of the NaN of sqrt(0)
    tensor = tf.constant(student)
    with tf.GradientTape() as tape:
        tape.watch(tensor)
        value = RelationalDistance().compute_loss(teacher, tensor)
    gradient = tape.gradient(value, tensor).numpy()
    for i, j in [(2, 0), (3, 1), (5, 0)]:
        step = np.zeros_like(student, "float64")
        step[i, j] = 1e-5
        up, down = (reference(teacher, student + sign * step) for sign in (1, -1))
        np.testing.assert_allclose(gradient[i, j], (up - down) / 2e-5, rtol=1e-3, atol=1e-6)
    assert np.isfinite(gradient).all()


def test_weight_zero_leaves_a_sample_out():
    teacher, student = features()
    keep = np.ones(20, "float32")
    keep[[3, 11]] = 0.0
    loss = RelationalDistance()
    expected = loss.compute_loss(teacher[keep > 0], student[keep > 0]) * 18**2 / 20**2
    teacher[3], student[11] = 1e9, np.nan
    np.testing.assert_allclose(
        loss.compute_loss(teacher, student, sample_weight=keep), expected, rtol=1e-5
    )


def test_equal_weights_scale_the_loss():
    teacher, student = features()
    loss = RelationalDistance()
    np.testing.assert_allclose(
        loss.compute_loss(teacher, student, sample_weight=np.full(20, 2.5, "float32")),
        2.5 * loss.compute_loss(teacher, student),
        rtol=1e-5,
    )
