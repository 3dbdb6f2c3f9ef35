"""KD against a numpy loop and Hinton's formula."""

import numpy as np
import pytest

from tf_lpdistill.losses import SoftTarget

EXAMPLES = [lambda: SoftTarget(), lambda: SoftTarget(temperature=2.0)]
SHAPES = ((5,), (5,))
MATCHING = True


def reference(teacher, student, temperature):
    value = 0.0
    for t, s in zip(np.float64(teacher), np.float64(student), strict=True):
        t, s = t / temperature, s / temperature
        p = np.exp(t - t.max()) / np.exp(t - t.max()).sum()
        q = np.exp(s - s.max()) / np.exp(s - s.max()).sum()
        value += temperature**2 * sum(
            a * (np.log(a) - np.log(b)) for a, b in zip(p, q, strict=True)
        )
    return value / len(teacher)


@pytest.mark.parametrize("temperature", [1.0, 4.0, 20.0])
def test_equals_the_loop(temperature):
    rng = np.random.default_rng(0)
    teacher, student = rng.normal(size=(2, 16, 10)).astype("float32") * 5.0
    value = SoftTarget(temperature=temperature).compute_loss(teacher, student)
    np.testing.assert_allclose(value, reference(teacher, student, temperature), rtol=1e-4)


def test_value_computed_by_hand():
    # p = (3/4, 1/4), q = (1/2, 1/2): KL = 3/4 ln(3/2) + 1/4 ln(1/2), times T^2 = 4.
    teacher, student = [[2.0 * np.log(3.0), 0.0]], [[0.0, 0.0]]
    expected = 4.0 * (0.75 * np.log(1.5) + 0.25 * np.log(0.5))
    value = SoftTarget(temperature=2.0).compute_loss(np.array(teacher), np.array(student))
    np.testing.assert_allclose(value, expected, rtol=1e-6)


def test_a_student_equal_to_the_teacher_gives_zero():
    logits = np.random.default_rng(0).normal(size=(8, 10)).astype("float32")
    assert float(SoftTarget().compute_loss(logits, logits)) == 0.0


def test_sample_weight():
    teacher, student = np.random.default_rng(0).normal(size=(2, 8, 10)).astype("float32")
    weight = np.array([1, 0, 2, 0, 0, 0, 0, 1], "float32")
    value = SoftTarget().compute_loss(teacher, student, sample_weight=weight)
    each = [reference(teacher[i : i + 1], student[i : i + 1], 4.0) for i in range(8)]
    np.testing.assert_allclose(value, np.dot(each, weight) / 8, rtol=1e-4)


@pytest.mark.parametrize("temperature", [0.0, -1.0, float("nan"), float("inf"), "hot"])
def test_temperature_is_checked(temperature):
    with pytest.raises(ValueError, match="`temperature` must be a positive, finite number"):
        SoftTarget(temperature=temperature)


def test_different_classes_are_refused_with_a_way_out():
    with pytest.raises(ValueError, match="must have the same classes.*distil features instead"):
        SoftTarget().ensure_built((None, 10), (None, 7))
