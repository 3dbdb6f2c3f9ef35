"""KD against a numpy loop and Hinton's formula; several teachers by their mean probabilities."""

import numpy as np
import pytest
import tensorflow as tf

from tf_lpdistill.losses import SoftTarget

EXAMPLES = [lambda: SoftTarget(), lambda: SoftTarget(temperature=2.0)]
SHAPES = ((5,), (5,))
MATCHING = True


def softmax(logits):
    return np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()


def reference(teacher, student, temperature):
    return mean_reference([teacher], student, temperature, [1.0])


def mean_reference(teachers, student, temperature, weights):
    value = 0.0
    for *logits, s in zip(*map(np.float64, teachers), np.float64(student), strict=True):
        p = sum(w * softmax(t / temperature) for w, t in zip(weights, logits, strict=True))
        q = softmax(s / temperature)
        value += temperature**2 * sum(
            a * (np.log(a) - np.log(b)) for a, b in zip(p, q, strict=True)
        )
    return value / len(student)


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


def several(number=3):
    *teachers, student = np.random.default_rng(0).normal(size=(number + 1, 16, 10)) * 5.0
    return tuple(t.astype("float32") for t in teachers), student.astype("float32")


@pytest.mark.parametrize("temperature", [1.0, 4.0, 20.0])
@pytest.mark.parametrize("weights", [(0.2, 0.5, 0.3), (0.0, 0.9, 0.1), None])
def test_several_teachers_equal_the_loop(temperature, weights):
    teachers, student = several()
    value = SoftTarget(temperature=temperature).compute_loss(
        teachers, student, teacher_weights=weights
    )
    expected = mean_reference(teachers, student, temperature, weights or [1 / 3] * 3)
    np.testing.assert_allclose(value, expected, rtol=1e-4)


def test_two_teachers_computed_by_hand():
    # p = (3/4, 1/4) and (1/4, 3/4), weights 3/4 and 1/4: their mean is (5/8, 3/8); q = (1/2, 1/2).
    # The mean of the logits would give (sqrt(3), 1) / (sqrt(3) + 1): 0.634 in place of 0.625.
    first = np.array([[2.0 * np.log(3.0), 0.0]])
    expected = 4.0 * (0.625 * np.log(1.25) + 0.375 * np.log(0.75))
    value = SoftTarget(temperature=2.0).compute_loss(
        (first, first[:, ::-1]), np.zeros((1, 2)), teacher_weights=(0.75, 0.25)
    )
    np.testing.assert_allclose(value, expected, rtol=1e-5)


def test_one_teacher_twice_or_beside_one_of_weight_zero_is_that_teacher():
    (teacher, other), student = several(2)
    loss = SoftTarget()
    alone = loss.compute_loss(teacher, student)
    np.testing.assert_allclose(loss.compute_loss((teacher, teacher), student), alone, rtol=1e-5)
    beside = loss.compute_loss((teacher, other), student, teacher_weights=(1.0, 0.0))
    np.testing.assert_array_equal(beside, alone)
    np.testing.assert_array_equal(
        loss.compute_loss(teacher, student, teacher_weights=(0.3, 0.7)), alone
    )


def test_confident_teachers_that_disagree():
    # p = (1/2, 1/2, 0), log q = (0, -300, -600): probabilities far below the range of float32.
    teachers = np.array([[300.0, 0.0, -300.0]]), np.array([[0.0, 300.0, -300.0]])
    student = tf.constant([[300.0, 0.0, -300.0]])
    with tf.GradientTape() as tape:
        tape.watch(student)
        value = SoftTarget(temperature=1.0).compute_loss(teachers, student)
    np.testing.assert_allclose(value, 150.0 - np.log(2.0), rtol=1e-6)
    np.testing.assert_allclose(tape.gradient(value, student), [[0.5, -0.5, 0.0]], atol=1e-6)


@pytest.mark.parametrize("temperature", [0.0, -1.0, float("nan"), float("inf"), "hot"])
def test_temperature_is_checked(temperature):
    with pytest.raises(ValueError, match="`temperature` must be a positive, finite number"):
        SoftTarget(temperature=temperature)


def test_different_classes_are_refused_with_a_way_out():
    with pytest.raises(ValueError, match="must have the same classes.*distil features instead"):
        SoftTarget().ensure_built((None, 10), (None, 7))
    with pytest.raises(
        ValueError, match=r"teacher output \(None, 9\), student output \(None, 10\)"
    ):
        SoftTarget().ensure_built(((None, 10), (None, 9)), (None, 10))
