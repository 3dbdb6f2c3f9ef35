"""CC against a float64 loop and the Gaussian kernel itself."""

import math

import numpy as np
import pytest

from tf_lpdistill.losses import CorrelationCongruence

EXAMPLES = [lambda: CorrelationCongruence(), lambda: CorrelationCongruence(gamma=1.0, order=4)]
MATCHING = True


def unit_rows(features):
    rows = np.float64(features).reshape(len(features), -1)
    return [row / (np.sqrt((row**2).sum()) or 1.0) for row in rows]


def reference(teacher, student, gamma, order):
    def kernel(a, b):
        series = [
            (2 * gamma) ** p / math.factorial(p) * np.dot(a, b) ** p for p in range(order + 1)
        ]
        return math.exp(-2 * gamma) * sum(series)

    teacher, student = unit_rows(teacher), unit_rows(student)
    total = 0.0
    for i in range(len(teacher)):
        for j in range(len(teacher)):
            total += (kernel(student[i], student[j]) - kernel(teacher[i], teacher[j])) ** 2
    return total / len(teacher) ** 2


def features(batch=20, teacher_width=9, student_width=4):
    rng = np.random.default_rng(0)
    return (
        rng.normal(size=(batch, teacher_width)).astype("float32"),
        rng.normal(size=(batch, student_width)).astype("float32"),
    )


@pytest.mark.parametrize(("gamma", "order"), [(0.4, 2), (0.4, 1), (1.5, 3)])
def test_equals_the_loop(gamma, order):
    teacher, student = features()
    value = CorrelationCongruence(gamma=gamma, order=order).compute_loss(teacher, student)
    np.testing.assert_allclose(value, reference(teacher, student, gamma, order), rtol=1e-5)


def test_maps_with_zero_rows_and_duplicates():
    rng = np.random.default_rng(0)
    teacher = np.repeat(rng.normal(size=(4, 3, 3, 4)), 3, axis=0).astype("float32")
    student = np.repeat(rng.normal(size=(6, 2, 2, 5)), 2, axis=0).astype("float32")
    teacher[0], student[5:7] = 0.0, 0.0
    value = CorrelationCongruence().compute_loss(teacher, student)
    np.testing.assert_allclose(value, reference(teacher, student, 0.4, 2), rtol=1e-5)


def test_a_high_order_is_the_gaussian_kernel():
    teacher, student = (np.array(unit_rows(f)) for f in features())
    kernels = []
    for rows in (teacher, student):
        squared = ((rows[:, None] - rows[None, :]) ** 2).sum(axis=2)
        kernels.append(np.exp(-0.7 * squared))
    loss = CorrelationCongruence(gamma=0.7, order=12)
    value = loss.compute_loss(teacher.astype("float32"), student.astype("float32"))
    np.testing.assert_allclose(value, ((kernels[0] - kernels[1]) ** 2).mean(), rtol=1e-5)


def test_value_computed_by_hand():
    # Cosines 0 and -1: off the diagonal C_T = e^-0.8 and C_S = e^-0.8 (1 - 0.8 + 0.32).
    teacher, student = np.eye(2, dtype="float32"), np.array([[2.0], [-1.0]], "float32")
    expected = 2 * (math.exp(-0.8) * 0.48) ** 2 / 4
    np.testing.assert_allclose(
        CorrelationCongruence().compute_loss(teacher, student), expected, rtol=1e-5
    )


def test_lengths_of_features_do_not_matter():
    teacher, student = features()
    lengths = np.exp(np.random.default_rng(1).uniform(-20, 20, (2, 20, 1))).astype("float32")
    loss = CorrelationCongruence()
    np.testing.assert_allclose(
        loss.compute_loss(teacher * lengths[0], student * lengths[1]),
        loss.compute_loss(teacher, student),
        rtol=1e-5,
    )


def test_weight_zero_leaves_a_sample_out():
    teacher, student = features()
    keep = np.ones(20, "float32")
    keep[[3, 11]] = 0.0
    loss = CorrelationCongruence()
    expected = loss.compute_loss(teacher[keep > 0], student[keep > 0]) * 18**2 / 20**2
    teacher[3], student[11] = 1e9, np.nan
    np.testing.assert_allclose(
        loss.compute_loss(teacher, student, sample_weight=keep), expected, rtol=1e-5
    )


@pytest.mark.parametrize("gamma", [0.0, -1.0, float("nan"), float("inf"), "wide"])
def test_gamma_is_checked(gamma):
    with pytest.raises(ValueError, match="`gamma` must be a positive, finite number"):
        CorrelationCongruence(gamma=gamma)


@pytest.mark.parametrize("order", [0, -1, 2.0, "two"])
def test_order_is_checked(order):
    with pytest.raises(ValueError, match="`order` must be a positive int"):
        CorrelationCongruence(order=order)
