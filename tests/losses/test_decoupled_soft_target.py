"""DKD against a float64 loop; its parts add up to KD."""

import numpy as np
import pytest
import tensorflow as tf

from tf_lpdistill.losses import DecoupledSoftTarget
from tf_lpdistill.losses.decoupled_soft_target import decoupled_divergences

EXAMPLES = [
    lambda: DecoupledSoftTarget(),
    lambda: DecoupledSoftTarget(temperature=1.0, target_weight=2.0, nontarget_weight=0.0),
]
SHAPES = ((5,), (5,))
MATCHING = True


def softmax(logits):
    exponentials = np.exp(logits - logits.max())
    return exponentials / exponentials.sum()


def divergence(p, q):
    return sum(a * np.log(a / b) for a, b in zip(p, q, strict=True))


def reference(teacher, student, y, temperature, target_weight, nontarget_weight):
    total = 0.0
    for t, s, target in zip(np.float64(teacher), np.float64(student), y, strict=True):
        p, q = softmax(t / temperature), softmax(s / temperature)
        target_part = divergence([p[target], 1 - p[target]], [q[target], 1 - q[target]])
        p, q = (np.delete(r, target) / (1 - r[target]) for r in (p, q))
        total += target_weight * target_part + nontarget_weight * divergence(p, q)
    return temperature**2 * total / len(teacher)


def draw(batch=16, classes=7, scale=3.0):
    rng = np.random.default_rng(0)
    teacher, student = scale * rng.normal(size=(2, batch, classes)).astype("float32")
    return teacher, student, rng.integers(0, classes, batch)


@pytest.mark.parametrize("arguments", [(4.0, 1.0, 8.0), (1.0, 2.0, 0.0), (20.0, 0.0, 0.5)])
def test_equals_the_loop(arguments):
    teacher, student, y = draw()
    names = ("temperature", "target_weight", "nontarget_weight")
    loss = DecoupledSoftTarget(**dict(zip(names, arguments, strict=True)))
    value = loss.compute_loss(teacher, student, y=y)
    np.testing.assert_allclose(value, reference(teacher, student, y, *arguments), rtol=1e-4)


def test_value_computed_by_hand():
    # T = 1, target 0. p = (1/2, 1/4, 1/4): target part of (1/2, 1/2), others (1/2, 1/2).
    # q = (1/4, 1/4, 1/2): target part of (1/4, 3/4), others (1/3, 2/3).
    teacher, student = np.log([[0.5, 0.25, 0.25]]), np.log([[0.25, 0.25, 0.5]])
    target_part = 0.5 * np.log(2.0) + 0.5 * np.log(2 / 3)
    nontarget_part = 0.5 * np.log(1.5) + 0.5 * np.log(0.75)
    loss = DecoupledSoftTarget(temperature=1.0)
    value = loss.compute_loss(teacher, student, y=np.array([0]))
    np.testing.assert_allclose(value, target_part + 8.0 * nontarget_part, rtol=1e-5)


def test_the_parts_add_up_to_the_divergence():
    teacher, student, y = draw()
    is_target = y[:, None] == np.arange(7)
    target_part, nontarget_part = decoupled_divergences(teacher, student, is_target, 2.0)
    for i in range(len(y)):
        p, q = softmax(np.float64(teacher[i]) / 2.0), softmax(np.float64(student[i]) / 2.0)
        total = target_part[i] + (1.0 - p[y[i]]) * nontarget_part[i]
        np.testing.assert_allclose(total, divergence(p, q), rtol=1e-4)


def test_all_forms_of_labels_are_the_same():
    teacher, student, y = draw()
    loss = DecoupledSoftTarget()
    smooth = 0.9 * np.eye(7)[y] + 0.1 / 7
    values = [
        float(loss.compute_loss(teacher, student, y=labels))
        for labels in (y, y[:, None], y.astype("float32"), np.eye(7)[y], tf.constant(smooth))
    ]
    assert len(set(values)) == 1


def test_a_sure_teacher_gives_finite_values_and_gradients():
    # 1 - p is far below the smallest float32 for both; its logarithm is not.
    teacher = np.array([[300.0, 0.0, 1.0]], "float32")
    student = tf.constant([[290.0, 1.0, 0.0]])
    with tf.GradientTape() as tape:
        tape.watch(student)
        value = DecoupledSoftTarget(temperature=1.0).compute_loss(teacher, student, y=np.array([0]))
    p = softmax(np.array([0.0, 1.0]))
    np.testing.assert_allclose(value, 8.0 * divergence(p, p[::-1]), rtol=1e-5)
    np.testing.assert_allclose(tape.gradient(value, student)[0, 1:], 8.0 * (p[::-1] - p), rtol=1e-4)


def test_sample_weight():
    teacher, student, y = draw(batch=4)
    weight = np.array([1.0, 0.0, 2.0, 0.5], "float32")
    each = [reference(teacher[[i]], student[[i]], y[[i]], 4.0, 1.0, 8.0) for i in range(4)]
    value = DecoupledSoftTarget().compute_loss(teacher, student, y=y, sample_weight=weight)
    np.testing.assert_allclose(value, np.dot(each, weight) / 4, rtol=1e-4)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"temperature": 0.0}, "`temperature` must be a positive, finite number"),
        ({"target_weight": -1.0}, "`target_weight` must be a finite number, not negative"),
        ({"nontarget_weight": "8"}, "`nontarget_weight` must be a finite number, not negative"),
    ],
)
def test_arguments_are_checked(arguments, message):
    with pytest.raises(ValueError, match=message):
        DecoupledSoftTarget(**arguments)


@pytest.mark.parametrize("shape", [(None, 2), (None, 1), (None, 4, 5)])
def test_fewer_than_three_classes_are_refused(shape):
    with pytest.raises(ValueError, match="with 3 classes or more.*Use SoftTarget instead"):
        DecoupledSoftTarget().ensure_built(shape, shape)


def test_different_classes_are_refused():
    with pytest.raises(ValueError, match="must have the same classes.*distil features instead"):
        DecoupledSoftTarget().ensure_built((None, 10), (None, 7))


def test_labels_are_needed():
    teacher, student, y = draw()
    with pytest.raises(ValueError, match="Pass them to `fit`, or use SoftTarget.*y=None"):
        DecoupledSoftTarget().compute_loss(teacher, student)
    with pytest.raises(ValueError, match=r"one-hot, \(batch, 7\). Received: .*\(16, 5\)"):
        DecoupledSoftTarget().compute_loss(teacher, student, y=np.zeros((16, 5)))


def test_labels_that_are_no_class_are_refused_before_training():
    teacher, student, y = draw()
    loss = DecoupledSoftTarget()
    loss.validate_outputs(teacher, student, y=y)
    loss.validate_outputs(teacher, student, y=np.eye(7)[y])
    with pytest.raises(ValueError, match="classes from 0 to 6. Received: y from 1 to 7"):
        loss.validate_outputs(teacher, student, y=np.arange(16) % 7 + 1)
    with pytest.raises(ValueError, match="labels must be classes.*Received: y=dict"):
        loss.validate_outputs(teacher, student, y={"first": y, "second": y})
    with pytest.raises(ValueError, match="needs the labels. Pass them to `fit`. Received: y=None"):
        loss.validate_outputs(teacher, student)
